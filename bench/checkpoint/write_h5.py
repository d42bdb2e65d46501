"""The same arrays into HDF5, as people do it: h5py, no filter, synced. usage: write_h5.py RAW OUT BYTES-OF-AN-ARRAY ROUNDS"""
import os
import sys
import time

import h5py
import numpy

raw, out, each, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
data = open(raw, "rb").read()
arrays = [numpy.frombuffer(data, "f8" if n % 2 == 0 else "f4", each // (8 if n % 2 == 0 else 4), n * each)
          for n in range(len(data) // each)]
for _ in range(rounds):
    start = time.perf_counter()
    with h5py.File(out, "w") as file:
        for n, one in enumerate(arrays):
            file.create_dataset(f"field{n:02}", data=one)
    descriptor = os.open(out, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    print((time.perf_counter() - start) * 1000)
    os.remove(out)
