#!/usr/bin/env bash
# Follows the status of every document: the state of all of them first, from the compacted topic, then what happens. Prints a line of JSON
# for each state that is news, in order for each document, and one for each document that is gone.
#
#     KAFKA_BROKERS=127.0.0.1:9092 ./follow-status.sh
#
# Both topics are read side by side and meet in one table: the highest seq of each document. Whatever is not higher is a repeat.
# Needs bash 5, kcat 1.7 and jq 1.6.
set -euo pipefail

: "${KAFKA_BROKERS:?is missing: host:port of one or more brokers, with commas between them}"
for tool in kcat jq; do
  command -v "$tool" >/dev/null || { echo "$tool is missing" >&2; exit 2; }
done

status_topic=docstream.document-status.v1
latest_topic=docstream.document-status-latest.v1
# The compacted topic is about a second late, and later when docstream's relay is down: the stream is joined ten minutes before.
overlap_seconds=600

# documentId, seq and a short line of JSON, with tabs between them. Short, because two programs write to one pipe: what is below 4 kB
# arrives in one piece. A document that is gone has a seq above every other: its id is never used again.
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
       catch ("\($record.topic)[\($record.partition)]@\($record.offset) is left out: it is no status event\n" | stderr | empty))
    end
JQ

read_topic() { # $1: a topic, $2: where to start
  # exec: kcat itself is the job, so that it is what the trap ends.
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
# Neither ends by itself. With one topic alone the picture would be wrong, so the end of one is the end of both.
wait -n || true
echo "the reader of a topic has ended" >&2
exit 1
