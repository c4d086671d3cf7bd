#!/usr/bin/env python3
"""Writes reference values of optimizers and schedules beyond those of `optim`, by PyTorch in float64.

usage: make_training.py OUT_DIR [SEED]        (needs: torch, safetensors, numpy)

`training.json` and `training.safetensors`, in the form of `make_golden.py`: an optimizer fed a fixed list of
gradients, and the parameter after each step; a schedule, and its rate at each step; a normalized weight with its
gradients; averages of weights.
"""
import json, sys, warnings
import torch
import torch.nn as nn
from safetensors.torch import save_file

warnings.filterwarnings("ignore")
torch.set_default_dtype(torch.float64)
out_dir = sys.argv[1]
seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
gen = torch.Generator().manual_seed(seed)
index, tensors = [], {}


def randn(*s): return torch.randn(s, generator=gen)
def put(case, name, t): tensors[f"{case}/{name}"] = t.detach().clone().contiguous()


O = torch.optim
for case, cls, kw in [
    ("sgd_dampening", O.SGD, {"lr": .1, "momentum": .9, "dampening": .3, "weight_decay": .01}),
    ("adagrad", O.Adagrad, {"lr": .1, "lr_decay": .05, "weight_decay": .02, "initial_accumulator_value": .3, "eps": 1e-6}),
    ("adadelta", O.Adadelta, {"lr": .7, "rho": .8, "eps": 1e-4, "weight_decay": .05}),
    ("rmsprop_momentum", O.RMSprop, {"lr": .02, "alpha": .8, "momentum": .9, "weight_decay": .03, "eps": 1e-4}),
    ("rmsprop_centered", O.RMSprop, {"lr": .02, "alpha": .8, "centered": True}),
    ("adam_all", O.Adam, {"lr": .02, "betas": (.8, .9), "eps": 1e-4, "weight_decay": .1, "amsgrad": True}),
    ("adamw_amsgrad", O.AdamW, {"lr": .02, "betas": (.8, .9), "weight_decay": .2, "amsgrad": True}),
    ("adamax", O.Adamax, {"lr": .02, "betas": (.8, .9), "eps": 1e-3, "weight_decay": .1}),
    ("nadam", O.NAdam, {"lr": .02, "betas": (.8, .95), "momentum_decay": .02, "weight_decay": .1}),
    ("nadamw", O.NAdam, {"lr": .02, "betas": (.8, .95), "eps": 1e-4, "weight_decay": .1, "decoupled_weight_decay": True}),
    ("radam", O.RAdam, {"lr": .02, "betas": (.8, .95), "weight_decay": .1}),
    ("radamw", O.RAdam, {"lr": .02, "betas": (.8, .95), "eps": 1e-4, "weight_decay": .1, "decoupled_weight_decay": True}),
    ("rprop", O.Rprop, {"lr": .01, "etas": (.4, 1.5), "step_sizes": (.004, .04)}),
]:
    p = nn.Parameter(randn(3, 4)); o = cls([p], **kw)
    put(case, "start", p)
    grads, path = [], []
    for _ in range(20):
        g = randn(3, 4); p.grad = g.clone(); o.step(); grads.append(g); path.append(p.detach().clone())
    put(case, "gradients", torch.stack(grads)); put(case, "path", torch.stack(path))
    index.append({"case": case, "kind": "optimizer", "config": {k: v for k, v in o.defaults.items() if isinstance(v, (int, float, bool, tuple, list))}})

S = O.lr_scheduler
for case, mk in [
    ("step", lambda o: S.StepLR(o, 4, .3)),
    ("multi_step", lambda o: S.MultiStepLR(o, [3, 3, 10, 30], .5)),
    ("exponential", lambda o: S.ExponentialLR(o, .95)),
    ("cosine", lambda o: S.CosineAnnealingLR(o, 40, .01)),
    ("cosine_restarts_1", lambda o: S.CosineAnnealingWarmRestarts(o, 7, 1, .02)),
    ("cosine_restarts_3", lambda o: S.CosineAnnealingWarmRestarts(o, 3, 3, .02)),
    ("linear", lambda o: S.LinearLR(o, .2, .7, 12)),
    ("polynomial", lambda o: S.PolynomialLR(o, 25, 1.5)),
    ("one_cycle", lambda o: S.OneCycleLR(o, .5, 40, cycle_momentum=False)),
    ("one_cycle_linear", lambda o: S.OneCycleLR(o, .5, 40, pct_start=.25, anneal_strategy="linear", div_factor=10., final_div_factor=100., cycle_momentum=False)),
    ("one_cycle_three", lambda o: S.OneCycleLR(o, .5, 40, pct_start=.3, three_phase=True, cycle_momentum=False)),
    ("constant", lambda o: S.ConstantLR(o, .25, 6)),
    ("sequential", lambda o: S.SequentialLR(o, [S.LinearLR(o, .1, 1., 5), S.CosineAnnealingLR(o, 20, .001), S.ExponentialLR(o, .9)], [5, 25])),
]:
    o = O.SGD([nn.Parameter(torch.zeros(1))], lr=.1); s = mk(o); rates = []
    for k in range(40):
        rates.append(o.param_groups[0]["lr"]); o.step(); s.step() if k < 39 else None
    put(case, "rates", torch.tensor(rates)); index.append({"case": case, "kind": "schedule", "base": .1})

losses = 1 / (1 + torch.arange(40.)) + .3 * torch.rand(40, generator=gen)
for case, kw in [
    ("plateau_rel", {"factor": .5, "patience": 2, "threshold": .05}),
    ("plateau_abs", {"factor": .3, "patience": 1, "threshold": .02, "threshold_mode": "abs", "cooldown": 3, "min_lr": .002}),
    ("plateau_max", {"mode": "max", "factor": .5, "patience": 3, "threshold": .01}),
]:
    o = O.SGD([nn.Parameter(torch.zeros(1))], lr=.1); s = S.ReduceLROnPlateau(o, **kw); rates = []
    for l in losses.tolist(): s.step(l); rates.append(o.param_groups[0]["lr"])
    put(case, "losses", losses); put(case, "rates", torch.tensor(rates)); index.append({"case": case, "kind": "plateau", "base": .1, "config": kw})

# A layer whose weight [outputs, inputs] is normalized, and the gradients of the sum of its outputs' squares.
for dim in (0, 1):
    case = f"weight_norm_{dim}"
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(4, 3), dim=dim)
    with torch.no_grad():
        for p in layer.parameters(): p.copy_(randn(*p.shape))
    x = randn(5, 4); y = layer(x); (y * y).sum().backward()
    w = layer.parametrizations.weight
    put(case, "x", x); put(case, "output", y); put(case, "bias", layer.bias)
    put(case, "g", w.original0); put(case, "v", w.original1); put(case, "grad.g", w.original0.grad); put(case, "grad.v", w.original1.grad)
    index.append({"case": case, "kind": "weight_norm", "dim": dim})

layer = nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3), n_power_iterations=2)
w = layer.parametrizations.weight
with torch.no_grad():
    for p in layer.parameters(): p.copy_(randn(*p.shape))
put("spectral_norm", "u", w[0]._u); put("spectral_norm", "v", w[0]._v)
put("spectral_norm", "original", w.original); put("spectral_norm", "bias", layer.bias)
layer.train(); x = randn(5, 4); y = layer(x); (y * y).sum().backward()
put("spectral_norm", "x", x); put("spectral_norm", "output", y); put("spectral_norm", "grad.original", w.original.grad)
put("spectral_norm", "next.u", w[0]._u); put("spectral_norm", "next.v", w[0]._v)
layer.eval(); put("spectral_norm", "evaluated", layer(x))
index.append({"case": "spectral_norm", "kind": "spectral_norm", "iterations": 2})

from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
for case, fn in [("swa", None), ("ema", get_ema_multi_avg_fn(.9))]:
    class One(nn.Module):
        def __init__(self): super().__init__(); self.p = nn.Parameter(torch.zeros(6))
    m = One(); a = AveragedModel(m, multi_avg_fn=fn); seen, path = [], []
    for _ in range(8):
        v = randn(6)
        with torch.no_grad(): m.p.copy_(v)
        a.update_parameters(m); seen.append(v); path.append(a.module.p.detach().clone())
    put(case, "weights", torch.stack(seen)); put(case, "averages", torch.stack(path)); index.append({"case": case, "kind": "average"})

save_file(tensors, f"{out_dir}/training.safetensors")
with open(f"{out_dir}/training.json", "w") as f:
    json.dump({"torch": torch.__version__, "seed": seed, "cases": index}, f, indent=1)
print("training", len(index), "cases", sum(t.numel() for t in tensors.values()), "numbers")
