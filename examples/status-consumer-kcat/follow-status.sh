#!/usr/bin/env bash
# Follows the status of every document: first the state of all documents, from the compacted topic,
# then every event. Prints a line of JSON for each new state, in order for each document, and one
# for each document that is gone.
#
#     KAFKA_BROKERS=127.0.0.1:9092 ./follow-status.sh
#
# The script reads both topics side by side into one table of the highest seq of each document. An
# event that is not higher is a repeat. Needs bash 5, kcat 1.7 and jq 1.6.
set -euo pipefail

: "${KAFKA_BROKERS:?is not set; set it to host:port of one or more brokers, separated by commas}"
for tool in kcat jq; do
  command -v "$tool" >/dev/null || { echo "$tool is not installed; install it" >&2; exit 2; }
done

status_topic=docstream.document-status.v1
latest_topic=docstream.document-status-latest.v1
# How far before now the stream of events starts: the compacted topic is about a second late, and
# later if docstream's relay is down.
overlap_seconds=600

# documentId, seq and a line of JSON, separated by tabs. Two programs write to one pipe, and only a
# write below 4 kB is atomic, so the line is short. A document that is gone has a seq above every
# other: its id is never used again.
read -r -d '' to_news <<'JQ' || true
  . as $record
  | ((.headers // []) as $h | ($h | index("ce_type")) as $at | if $at == null then null else $h[$at + 1] end) as $type
  | if .key == null then empty
    elif .payload == null then
      (if .topic == $latest then "\(.key)\t9007199254740991\t\({documentId: .key, gone: true})" else empty end)
    elif $type != "docstream.document.status-changed.v1" then empty
    else
      (try (.payload | fromjson
        | if (.seq | type) == "number" then . else error("no seq") end
        | "\(.documentId)\t\(.seq)\t\({id: "\(.documentId):\(.seq)", documentId, seq, status, filename})")
       catch ("skipped \($record.topic)[\($record.partition)]@\($record.offset): it is not a status event\n"
         | stderr | empty))
    end
JQ

read_topic() { # $1: a topic, $2: where to start
  # exec makes kcat itself the job, so that the trap ends kcat.
  exec kcat -C -b "$KAFKA_BROKERS" -t "$1" -o "$2" -X isolation.level=read_committed -J -q -u
}
to_news() {
  jq --unbuffered -r --arg latest "$latest_topic" "$to_news"
}
print_news() {
  declare -A newest
  while IFS=$'\t' read -r document seq line; do
    ((seq > ${newest[$document]:-0})) || continue
    newest[$document]=$seq
    printf '%s\n' "$line"
  done
}

exec > >(print_news)
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
trap 'exit 0' INT TERM

since_ms=$((($(date +%s) - overlap_seconds) * 1000))
read_topic "$latest_topic" beginning | to_news &
read_topic "$status_topic" "s@$since_ms" | to_news &
# Neither reader ends on its own. One topic alone would give a wrong result, so both end together.
wait -n || true
echo "the reader of a topic stopped; restart the script" >&2
exit 1
