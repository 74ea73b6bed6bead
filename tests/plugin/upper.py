#!/usr/bin/env python3
"""An executable as a tool: the smallest that does something."""
import json
import sys

if sys.argv[1:] == ["--describe"]:
    print(json.dumps({"tools": [{
        "name": "upper",
        "description": "Write a text, or a file of the workspace, in capitals.",
        "parameters": {
            "type": "object",
            "properties": {"text": {"type": "string"}, "path": {"type": "string"}},
            "required": ["text"],
            "additionalProperties": False,
        },
        "replay": "idempotent",
    }]}))
    sys.exit()

arguments = json.load(sys.stdin)["arguments"]
text = arguments["text"].upper()
if "path" in arguments:
    with open(arguments["path"], "w") as file:
        file.write(text)
print(json.dumps({"text": text}))
