#!/usr/bin/env python3
"""Fails on an include that points against the arrows of ARCHITECTURE.md.

Usage: python3 tests/check_includes.py [ROOT]
"""
import pathlib
import re
import sys

# What each folder may include beside itself. The longest matching folder counts.
ALLOWED = {
    "agent/core": [],
    "agent/text": ["agent/core"],
    "agent/io": ["agent/core", "agent/text"],
    "agent/models": ["agent/core", "agent/text", "agent/io"],
    "agent/runner": ["agent/core", "agent/text"],
    "planners": ["agent/core", "agent/text"],
    "policies": ["agent/core", "agent/text"],
    "tools": ["agent"],
    "memory": ["agent"],
    "apps": ["agent", "tools", "memory", "planners", "policies"],
    "tests": ["agent", "tools", "memory", "planners", "policies", "apps"],
}
# Heavy libraries stay where they are hidden.
ONLY_IN = {
    "curl/": ["agent/io", "agent/models/local", "tests"],
    "boost/": ["agent/io", "policies/offline", "tests"],
    "hnswlib/": ["memory", "tests"],
    "toml++/": ["apps/system", "tests"],
    "zip.h": ["apps/export", "tests"],
    "zstd.h": ["apps/export", "tests"],
    "CLI/": ["apps", "tests"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def folder_of(path):
    fits = [folder for folder in ALLOWED if path.startswith(folder + "/")]
    return max(fits, key=len) if fits else None


def wrong_includes(root):
    for top in sorted({folder.split("/")[0] for folder in ALLOWED}):
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in (".h", ".cc", ".c"):
                continue
            path = file.relative_to(root).as_posix()
            own = folder_of(path)
            for quoted, angled in INCLUDE.findall(file.read_text(errors="replace")):
                if angled:
                    for library, folders in ONLY_IN.items():
                        if angled.startswith(library) and not path.startswith(tuple(folders)):
                            yield f"{path}: <{angled}> belongs in {', '.join(folders)} only"
                    continue
                target = folder_of(quoted)
                if target is None or own is None or target == own:
                    continue
                if not any(target == up or target.startswith(up + "/") for up in ALLOWED[own]):
                    yield f"{path}: \"{quoted}\" points against the arrows ({own} -> {target})"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    wrong = list(wrong_includes(root))
    for line in wrong:
        print(line)
    print(f"include check: {len(wrong)} wrong")
    return 1 if wrong else 0


sys.exit(main())
