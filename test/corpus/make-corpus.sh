#!/usr/bin/env bash
# Makes the documents of the corpus from sources/. README.md lists the tools that it needs.
# The documents are committed.
set -euo pipefail
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
office() { soffice --headless -env:UserInstallation="file://$tmp/profile" --convert-to "$1" --outdir "$2" "$3" >/dev/null; }

# Valid files.
pandoc sources/bees.md -o bees.docx
pdflatex -interaction=batchmode -output-directory "$tmp" sources/volcanoes.tex >/dev/null
cp "$tmp/volcanoes.pdf" volcanoes.pdf
pandoc sources/contract-law.md -o "$tmp/contract-law.docx"
office odt . "$tmp/contract-law.docx"
office pdf . contract-law.odt
pandoc sources/sourdough.md -o sourdough.pptx
pandoc sources/railway.md -o "$tmp/railway.odt"
office docx . "$tmp/railway.odt"
python3 sources/make-tables.py .

# Files with a password. The owner password forbids printing only.
qpdf --encrypt open own 256 -- volcanoes.pdf encrypted.pdf
qpdf --encrypt "" own 256 --print=none -- volcanoes.pdf owner-password.pdf
msoffcrypto-tool -e -p open bees.docx encrypted.docx
"${UNO_PYTHON:-python3}" sources/encrypt-odt.py contract-law.odt encrypted.odt open

# Damaged files and unsupported files.
head -c 20000 volcanoes.pdf > truncated.pdf
head -c 6000 bees.docx > truncated.docx
convert -size 64x64 gradient:blue-yellow png:png-named.pdf
(cd "$tmp" && printf 'milk\neggs\n' > list.txt && python3 -m zipfile -c plain.zip list.txt) && cp "$tmp/plain.zip" plain-zip.docx

# Files without text.
pdftoppm -r 50 -gray -jpeg -f 1 -l 1 volcanoes.pdf "$tmp/scan"
python3 -m img2pdf "$tmp"/scan-*.jpg -o scan.pdf
printf '%s' '\documentclass{article}\pagestyle{empty}\begin{document}\newcount\n\loop\ifnum\n<1000 \null\newpage\advance\n by 1 \repeat\end{document}' > "$tmp/empty.tex"
pdflatex -interaction=batchmode -output-directory "$tmp" "$tmp/empty.tex" >/dev/null
qpdf --object-streams=generate "$tmp/empty.pdf" empty-pages-1000.pdf

# Texts in several encodings.
iconv -f UTF-8 -t UTF-16LE tea.txt > utf16le.txt
{ printf '\xfe\xff'; iconv -f UTF-8 -t UTF-16BE tea.txt; } > utf16be-bom.txt
{ printf '\xef\xbb\xbf'; cat tea.txt; } > bom.txt
printf 'Le caf\xe9 cr\xe8me est servi \xe0 la fa\xe7ade sud. Die Stra\xdfe f\xfchrt \xfcber den Flu\xdf. El ni\xf1o comi\xf3 pi\xf1as.\n' > latin1.txt
printf 'The tide table was\0 exported by a program\0 that ends its strings with NUL bytes.\0\0\nHigh water at Dover: 04:12 and 16:40.\0\n' > nul-bytes.txt
printf 'A lone surrogate \xed\xa0\x80 stands here, and another \xed\xb0\x80 there; the lighthouse flashes twice every ten seconds.\n' > lone-surrogates.txt
printf '{"note": "escaped \\ud800 and \\u0000 are six characters each", "lighthouse": "flashes twice every ten seconds"}\n' > lone-surrogates.json
