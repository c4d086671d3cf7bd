#!/usr/bin/env python3
"""Weights to PyTorch and back, with PyTorch itself: outputs agree to 1e-6 in float32 in both directions.

usage: round_trip.py [SEED]        (needs: torch, safetensors, cargo; run it in the root of the workspace)

For every module below it writes a state dict, an input and the output of the module. A test of `wengert-nn` loads the
state dict by PyTorch's names and compares its outputs; it writes a state dict of other weights with the outputs of these.
PyTorch then loads that, strictly, and compares.
"""
import os, subprocess, sys, tempfile
import torch
import torch.nn as nn
from safetensors.torch import load_file, save_file

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
first = {"batch_first": True}
both = {"num_layers": 2, "bidirectional": True, **first}
norm = nn.BatchNorm1d(8)
norm.running_mean.normal_(), norm.running_var.uniform_(.5, 2)
channels = nn.BatchNorm1d(6)
channels.running_mean.normal_(), channels.running_var.uniform_(.5, 2)
convolutions = [nn.Conv1d(5, 6, 3, padding=1), channels, nn.ReLU(), nn.ConvTranspose1d(6, 4, 3, stride=2, bias=False)]
words = torch.tensor([[1, 4, 0], [6, 2, 2]])
out = lambda m, x: m(x)
run = lambda m, x: m(x)[0]
look = lambda m, x: m(x, x, x)[0]
# A decoder here sees no later steps.
twice = lambda m, x: m(x, x, tgt_mask=torch.triu(torch.ones(5, 5, dtype=torch.bool), 1))
modules = {
    "linear": (nn.Linear(8, 3), out),
    "embedding": (nn.Embedding(7, 8), lambda m, x: m(words)),
    "sequential": (nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 2)), out),
    "layer_norm": (nn.LayerNorm(8), out),
    # Features are the second axis there, and the last here.
    "batch_norm": (norm, lambda m, x: m(x.transpose(1, 2)).transpose(1, 2)),
    "convolutions": (nn.Sequential(*convolutions, nn.GroupNorm(2, 4)), out),
    "rnn": (nn.RNN(8, 6, **both), run),
    "rnn_relu": (nn.RNN(8, 6, nonlinearity="relu", **first), run),
    "gru": (nn.GRU(8, 6, **both), run),
    "lstm": (nn.LSTM(8, 6, **both), run),
    "lstm_projection": (nn.LSTM(8, 6, proj_size=3, **both), run),
    "multihead_attention": (nn.MultiheadAttention(8, 2, **first), look),
}
for name, norm_first in (("last", False), ("first", True)):
    options = {"dropout": 0., "norm_first": norm_first, **first}
    modules[f"encoder_norm_{name}"] = (nn.TransformerEncoderLayer(8, 2, 16, **options), out)
    modules[f"decoder_norm_{name}"] = (nn.TransformerDecoderLayer(8, 2, 16, **options), twice)

with tempfile.TemporaryDirectory() as folder, torch.no_grad():
    path = lambda name, what: os.path.join(folder, f"{name}.{what}.safetensors")
    inputs = {}
    for name, (module, call) in modules.items():
        module.eval()
        # Fresh biases are 0 in some modules, and would hide where they go.
        for p in module.parameters(): p.add_(.1 * torch.randn_like(p))
        inputs[name] = torch.randn(2, 5, 8)
        save_file({"0": inputs[name]}, path(name, "input"))
        save_file({k: v.contiguous() for k, v in module.state_dict().items()}, path(name, "theirs"))
        save_file({"0": call(module, inputs[name]).contiguous()}, path(name, "theirs.output"))
    test = "cargo test --quiet -p wengert-nn --features files --test files -- --exact torch::round_trip::with_pytorch --ignored --nocapture"
    print("PyTorch's weights here: the greatest difference of the outputs")
    subprocess.run(test.split(), check=True, env={**os.environ, "WENGERT_ROUND_TRIP": folder})
    print("weights from here in PyTorch", torch.__version__)
    for name, (module, call) in modules.items():
        module.load_state_dict(load_file(path(name, "ours")), strict=True)
        ours = load_file(path(name, "ours.output"))["0"]
        error = ((call(module, inputs[name]) - ours).abs().max() / max(1., ours.abs().max())).item()
        print(f"{name:<28} {error:.1e}")
        assert error <= 1e-6, name
print(f"{len(modules)} modules agree in both directions")
