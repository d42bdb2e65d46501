"""Reads a .lens file with nothing but zarr-python 3 (and numpy): the files are ordinary Zarr 3.

    python3 read_lens.py FILE.lens

Prints a line of JSON for each field: name, shape, type, how many numbers it has that are not NaN, their sum, the last one.
"""

import json
import sys

import numpy
import zarr


def main(file: str) -> None:
    group = zarr.open_group(zarr.storage.ZipStore(file, mode="r"), mode="r")
    ticks = group["tick"][:]
    for _, field in sorted(group["fields"].groups()):
        values = field["values"][:] if 0 not in field["values"].shape else numpy.empty(0)
        numbers = values[numpy.isfinite(values)]
        line = {
            "name": field.attrs["name"],
            "shape": list(field["values"].shape),
            "dtype": str(field["values"].dtype),
            "frames": len(ticks),
            "finite": int(numbers.size),
            "sum": float(numbers.sum(dtype="f8")),
            "last": float(numbers[-1]) if numbers.size else None,
            "counts": field["count"][:].tolist(),
        }
        if "positions" in field:
            line["positions"] = float(numpy.nansum(field["positions"][:]))
        print(json.dumps(line))


if __name__ == "__main__":
    main(sys.argv[1])
