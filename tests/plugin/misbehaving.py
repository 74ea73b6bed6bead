#!/usr/bin/env python3
"""An executable that misbehaves in the way that its tool's name says."""
import json
import os
import sys
import time

NAMES = ["garbage", "hang", "crash", "huge", "wrong_type", "silent", "deep"]

if sys.argv[1:] == ["--describe"]:
    print(json.dumps({"tools": [{"name": name, "parameters": {"type": "object"}, "seconds": 1}
                                for name in NAMES]}))
    sys.exit()

tool = json.load(sys.stdin)["tool"]
if tool == "garbage":
    sys.stdout.buffer.write(b"\xff\xfe not json {")
elif tool == "hang":
    time.sleep(60)
elif tool == "crash":
    print("about to crash", file=sys.stderr, flush=True)
    os.abort()
elif tool == "huge":
    print(json.dumps({"text": "x" * 3_000_000}))
elif tool == "wrong_type":
    print(json.dumps({"text": 7}))
elif tool == "deep":
    print("[" * 100_000)
