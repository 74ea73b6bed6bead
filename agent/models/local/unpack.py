"""Appends the member that ends in `suffix` of the wheel in `folder` to `target`.

Arguments: folder, suffix, target, the most bytes that may be added. Prints how many were added.
"""
import pathlib
import sys
import zipfile

folder, suffix, target, limit = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
wheels = sorted(pathlib.Path(folder).glob("*.whl"))
if len(wheels) != 1:
    sys.exit(f"expected one wheel in {folder}, found {len(wheels)}")
with zipfile.ZipFile(wheels[0]) as archive:
    names = [name for name in archive.namelist() if name.endswith(suffix)]
    if len(names) != 1:
        sys.exit(f"expected one member {suffix} in {wheels[0].name}, found {len(names)}")
    size = archive.getinfo(names[0]).file_size
    if size > limit:
        sys.exit(f"{names[0]} holds {size} bytes, expected at most {limit}")
    added = 0
    with archive.open(names[0]) as source, open(target, "ab") as sink:
        while chunk := source.read(1 << 20):
            added += len(chunk)
            if added > limit:
                sys.exit(f"{names[0]} is longer than it says")
            sink.write(chunk)
print(added)
