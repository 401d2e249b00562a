"""Pre-trains a masked autoencoder, or distils one into another, on a GPU that PyTorch knows: the middle of `lacuna pytorch`.

    python3 scripts/pytorch/train.py DIR

DIR is what `lacuna pytorch` prepared: job.json, config.json, ids.npy, perhaps valid.npy, teacher.safetensors and
start.safetensors. It gets weights.safetensors, written again whenever the run says how it stands, and log.jsonl. What is
trained follows packages/core/src/training/pretrain.ts and distill.ts; what differs stands where it differs.
"""

import json
import random
import sys
import time
from contextlib import nullcontext
from functools import cached_property, partial
from pathlib import Path
from types import SimpleNamespace

import numpy
import torch
from torch.nn import functional as F

import model
from masking import mask, windows
from weights import read_weights, write_weights

Z_LOSS = 1e-4
TEMPERATURE = 2
SOFT, HARD, HIDDEN = 0.5, 0.3, 0.2
"""Weights of the teacher's answers, of the removed tokens and of the teacher's states: DISTILLATION_WEIGHTS."""
VALID_RATIO = 0.15
SHORT = 32, 8
"""Tokens and gaps of short windows."""
GAP_STEP = 16
"""Gaps a row are a multiple of it, since each number is compiled for itself."""
SHORT_SHARE = 0.1
"""Of the batches, of short windows: texts in use are often a sentence."""
TELL_SECONDS = 20


def read_json(path):
    with open(path) as file:
        return json.load(file)


def read_ids(path, device):
    """All ids on the device, two bytes each: PyTorch indexes no uint16, and vocabularies have at most 2^15 pieces."""
    return torch.from_numpy(numpy.load(path).astype(numpy.int16)).to(device)


def learning_rate(fraction, peak):
    """Warm-up over 3 %, hold, linear decay over the last 30 %."""
    return peak * min(1, fraction / 0.03) * min(1, max(0, (1 - fraction) / 0.3))


def window(fraction, job, draw):
    """Tokens and gaps of a batch's windows: mostly long ones, at the falling ratio with a draw within the jitter of it."""
    if draw.random() < SHORT_SHARE:
        return SHORT
    mean = job.ratio[0] + (job.ratio[1] - job.ratio[0]) * fraction
    ratio = min(0.95, max(0.05, mean + draw.uniform(-1, 1) * job.ratioJitter))
    return job.length, min(job.length - 1, max(1, round(ratio * job.length / GAP_STEP)) * GAP_STEP)


def masked_loss(logits, labels):
    """Cross-entropy of the removed tokens, and mean squared logsumexp, with which logits stay small."""
    logits = logits.float()
    return F.cross_entropy(logits, labels) + Z_LOSS * logits.logsumexp(-1).pow(2).mean()


def taught_loss(logits, labels, taught):
    """`soft * T^2 * KL + hard * CE`. KL is over the whole vocabulary; packages/core takes the top 64 and the rest as one."""
    logits = logits.float()
    log_p = F.log_softmax(logits / TEMPERATURE, -1)
    log_q = F.log_softmax(taught.float() / TEMPERATURE, -1)
    divergence = (log_q.exp() * (log_q - log_p)).sum(-1).mean()
    hard = F.cross_entropy(logits, labels)
    return SOFT * TEMPERATURE**2 * divergence + HARD * hard + Z_LOSS * logits.logsumexp(-1).pow(2).mean()


def measure(params, config, rotary, ids, length, precision):
    """Top-1 and cross-entropy at ratio 0.15, the same 1,024 windows every time."""
    generator = torch.Generator(ids.device).manual_seed(1234)
    right, entropy, count = 0, 0.0, 0
    with torch.no_grad():
        for _ in range(8):
            rows = windows(ids, 128, length, generator)
            batch = mask(rows, round(VALID_RATIO * length), generator)
            with precision():
                states = model.gap_states(params, config, batch, rotary, compiled=False)
                logits = model.gap_logits(params, states).float()
            kept = batch.labels >= 0
            right += (logits.argmax(-1) == batch.labels)[kept].sum().item()
            entropy += F.cross_entropy(logits[kept], batch.labels[kept], reduction="sum").item()
            count += kept.sum().item()
    return {"top1": right / count, "crossEntropy": entropy / count}


class Trainer:
    """A model, its average, its teacher and its optimizer on one device."""

    def __init__(self, folder, job):
        torch.manual_seed(job.seed)
        self.job = job
        self.folder = folder
        self.device = torch.device(job.device)
        self.generator = torch.Generator(self.device).manual_seed(job.seed)
        self.config = read_json(folder / "config.json")
        self.rotary = model.rotary_table(self.config, self.device)
        self.precision = nullcontext
        self.masked_loss, self.taught_loss = masked_loss, taught_loss
        if self.device.type == "cuda":
            torch.set_float32_matmul_precision("high")
            self.precision = partial(torch.autocast, "cuda", torch.bfloat16)
            torch._dynamo.config.cache_size_limit = 64
            model.compile_layers(dynamic=False)
            self.masked_loss, self.taught_loss = (torch.compile(f, dynamic=False) for f in (masked_loss, taught_loss))
        self.teacher = None
        if job.teacher:
            weights, metadata = read_weights(folder / "teacher.safetensors")
            self.teacher = {name: value.to(self.device) for name, value in weights.items()}
            self.teacher_config = json.loads(metadata["config"])
        if job.start:
            params, _ = read_weights(folder / "start.safetensors")
        else:
            params = model.initial_parameters(self.config)
        self.params = {name: value.to(self.device).requires_grad_() for name, value in params.items()}
        self.average = {name: value.detach().clone() for name, value in self.params.items()}
        decayed = [value for name, value in self.params.items() if model.is_decayed(name)]
        others = [value for name, value in self.params.items() if not model.is_decayed(name)]
        groups = [{"params": decayed, "weight_decay": job.weightDecay}, {"params": others, "weight_decay": 0}]
        fused = {"fused": True} if self.device.type == "cuda" else {}
        self.optimizer = torch.optim.AdamW(groups, lr=0, betas=(0.9, 0.98), eps=1e-6, **fused)
        self.ids = read_ids(folder / "ids.npy", self.device)
        valid = folder / "valid.npy"
        self.valid = read_ids(valid, self.device) if valid.exists() else None
        self.steps = 0

    @cached_property
    def teacher_rotary(self):
        return model.rotary_table(self.teacher_config, self.device)

    def loss(self, length, gaps):
        rows = max(1, self.job.batchTokens // length)
        batch = mask(windows(self.ids, rows, length, self.generator), gaps, self.generator)
        with self.precision():
            states = model.gap_states(self.params, self.config, batch, self.rotary)
            logits = model.gap_logits(self.params, states)
            if self.teacher is None:
                return self.masked_loss(logits, batch.labels)
            with torch.no_grad():
                taught = model.gap_states(self.teacher, self.teacher_config, batch, self.teacher_rotary)
                answers = model.gap_logits(self.teacher, taught)
            loss = self.taught_loss(logits, batch.labels, answers)
            if taught.shape != states.shape:
                return loss
            return loss + HIDDEN * (1 - F.cosine_similarity(states.float(), taught.float(), dim=-1)).mean()

    def step(self, length, gaps, rate):
        loss = self.loss(length, gaps)
        loss.backward()
        everything = list(self.params.values())
        torch.nn.utils.clip_grad_norm_(everything, 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.steps += 1
        decay = min(self.job.ema, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            torch._foreach_mul_(list(self.average.values()), decay)
            torch._foreach_add_(list(self.average.values()), everything, alpha=1 - decay)
        return loss

    def warm_up(self):
        """Every shape that will come once, at rate 0: compiling takes longer than some runs, and no schedule counts it."""
        draw = random.Random(0)
        for shape in sorted({window(i % 2, self.job, draw) for i in range(1000)}):
            self.step(*shape, 0.0).item()
        self.steps = 0

    def tell(self, kind, tokens, seconds, **facts):
        """Measures, saves, and says how it stands."""
        line = {"type": kind, "step": self.steps, "tokens": tokens, "seconds": round(seconds, 1), **facts}
        if self.valid is not None:
            figures = measure(self.average, self.config, self.rotary, self.valid, self.job.length, self.precision)
            line["metrics"] = figures
        made = {**line, "device": device_name(self.device), "torch": torch.__version__}
        metadata = {"config": json.dumps(self.config), "training": json.dumps(made)}
        write_weights(self.folder / "weights.safetensors", self.average, metadata)
        with open(self.folder / "log.jsonl", "a") as log:
            log.write(json.dumps(line, separators=(",", ":")) + "\n")
        print(json.dumps(line), flush=True)


def train(folder):
    job = SimpleNamespace(**read_json(folder / "job.json"))
    trainer = Trainer(folder, job)
    trainer.warm_up()
    draw = random.Random(job.seed)
    tokens, seconds, fraction, told, began = 0, 0.0, 0.0, 0.0, time.time()
    while fraction < 1:
        length, gaps = window(fraction, job, draw)
        loss = trainer.step(length, gaps, learning_rate(fraction, job.learningRate))
        tokens += max(1, job.batchTokens // length) * length
        seconds = time.time() - began
        fraction = tokens / job.tokens if job.tokens else seconds / 60 / job.minutes
        if seconds - told > TELL_SECONDS:
            told = seconds
            trainer.tell("evaluation", tokens, seconds, fraction=round(fraction, 4), loss=round(loss.item(), 4))
    trainer.tell("evaluation", tokens, seconds, fraction=1, loss=round(loss.item(), 4))
    trainer.tell("done", tokens, seconds, complete=True)


def device_name(device):
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


if __name__ == "__main__":
    train(Path(sys.argv[1]))
