"""Serves one weights file with the llama.cpp server inside the wheel `xllamacpp`.

Arguments: weights, port, context of all slots together, slots, threads.
"""
import os
import sys
import threading

# OpenMP's threads wait for each other some hundred times a token. Busy waiting for long wastes the
# time slices that the other thread needs as soon as the machine does anything else: measured with
# compilers on both cores, 6 tokens a second instead of 2. It must be set before the library loads.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

import xllamacpp  # noqa: E402

weights, port, context, slots, threads = sys.argv[1], *map(int, sys.argv[2:6])
params = xllamacpp.CommonParams()
params.model.path = weights
params.hostnames = ["127.0.0.1"]
params.port = port
params.n_ctx = context
params.n_parallel = slots
params.cpuparams.n_threads = threads
params.cpuparams_batch.n_threads = threads
params.use_jinja = True
params.offline = True
params.verbosity = 2  # warnings and errors: the log of an engine that lives for days stays small
# The engine is for programs of this machine: no page, and no answer to a page of another origin.
params.ui = False
params.cors_origins = "http://127.0.0.1"
# Prompts of slots that were taken over stay in memory; the default of 8 GB is too much for a guest.
params.cache_ram_mib = 2048
server = xllamacpp.Server(params)
threading.Event().wait()
