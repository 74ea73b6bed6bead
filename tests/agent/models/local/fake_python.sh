#!/bin/sh
# Stands for python3 when an engine is installed. FOLDER/calls notes what it was asked for; the file
# FOLDER/fail, if there, holds the word whose call fails.
folder=@folder@
echo "$*" >> "$folder/calls"
if [ -f "$folder/fail" ] && echo "$*" | grep -q "$(cat "$folder/fail")"; then
  echo "it went wrong"
  exit 1
fi
case "$*" in
  "-m venv "*)
    mkdir -p "$3/bin" "$3/lib/python3.11/site-packages"
    cp "$0" "$3/bin/python3"
    ;;
  "-m pip install "*)
    for last; do :; done
    mkdir "$(dirname "$0")/../lib/python3.11/site-packages/$(echo "$last" | sed 's/==/-/').dist-info"
    ;;
esac
