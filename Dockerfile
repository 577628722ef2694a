# One image for API, worker and relay; the command chooses the role.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json schema.graphql ./
COPY src src
COPY consumers consumers
COPY web web
RUN node node_modules/typescript-native/bin/tsc -p tsconfig.json \
 && node node_modules/vite/bin/vite.js build --config web/vite.config.ts --logLevel warn \
 && npm prune --omit=dev --no-audit --no-fund

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
# A volume that is mounted here for the first time inherits the owner of the folder.
RUN mkdir -p /data /blobs && chown 1000:1000 /data /blobs
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json ./
# The image's user "node", by number, so that an orchestrator can verify that it is not root.
USER 1000:1000
EXPOSE 4000
# The process starts children and does not reap orphans: run it with an init (docker run --init, or
# init: true).
ENTRYPOINT ["node", "--enable-source-maps"]
CMD ["dist/src/main.js"]
