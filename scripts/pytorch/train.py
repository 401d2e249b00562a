"""Pre-trains a masked autoencoder, or distils one into another, on a GPU that PyTorch knows.

    python3 scripts/pytorch/train.py --config recipes/configs/teacher.json --ids runs/ids.npy --minutes 10 --out runs/teacher.safetensors

Token ids come from `lacuna encode`; `lacuna import` makes a run of the weights, and all else is Lacuna's as ever. What a
run does here follows packages/core/src/training/pretrain.ts and distill.ts; what differs stands where it differs.
"""

import argparse
import json
import random
import time
from contextlib import nullcontext
from functools import cached_property, partial

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


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, help="JSON with the model's shape")
    parser.add_argument("--ids", required=True, nargs="+", help="*.npy of uint16: token ids, one text after another")
    parser.add_argument("--valid", help="*.npy of uint16 to measure on")
    parser.add_argument("--out", required=True, help="*.safetensors to write")
    parser.add_argument("--start", help="*.safetensors to start from: of its layers, where they are more, some evenly spread")
    parser.add_argument("--teacher", help="*.safetensors whose answers count beside the text's")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--tokens", type=float)
    parser.add_argument("--batch-tokens", type=int, default=65536)
    parser.add_argument("--length", type=int, default=128, help="tokens a window")
    parser.add_argument("--ratio", default="0.4:0.15", help="share of tokens removed, from the first to the second")
    parser.add_argument("--ratio-jitter", type=float, default=0.1)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--warmup", type=float, default=0.03)
    parser.add_argument("--decay", type=float, default=0.3)
    parser.add_argument("--weight-decay", type=float, default=0.1)
    parser.add_argument("--ema", type=float, default=0.999)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tell-seconds", type=float, default=20, help="say how it stands this often")
    parser.add_argument("--compile", action="store_true", help="compile the layers; a minute or two at first")
    parser.add_argument("--gap-step", type=int, default=16, help="gaps a row are a multiple: each number is compiled for itself")
    options = parser.parse_args()
    if (options.minutes is None) == (options.tokens is None):
        parser.error("expected --minutes or --tokens")
    return options


def read_json(path):
    with open(path) as file:
        return json.load(file)


def read_ids(paths, device):
    """All ids on the device, two bytes each. A vocabulary of up to 2^15 pieces."""
    ids = numpy.concatenate([numpy.load(path) for path in paths])
    return torch.from_numpy(ids.astype(numpy.int16)).to(device)


def learning_rate(fraction, options):
    rising = min(1, fraction / options.warmup) if options.warmup > 0 else 1
    falling = min(1, max(0, (1 - fraction) / options.decay)) if options.decay > 0 else 1
    return options.learning_rate * rising * falling


def gap_count(fraction, options, draw):
    """Gaps a row: the falling ratio, a draw within the jitter of it, to the nearest multiple of --gap-step."""
    ends = [float(end) for end in options.ratio.split(":")]
    mean = ends[0] + (ends[-1] - ends[0]) * fraction
    ratio = min(0.95, max(0.05, mean + draw.uniform(-1, 1) * options.ratio_jitter))
    steps = max(1, round(ratio * options.length / options.gap_step))
    return min(options.length - 1, steps * options.gap_step)


def started(config, source, source_shape):
    """Weights from a model's layers, evenly spread: packages/core/src/distill/student.ts."""
    params = {}
    for name, shape in model.parameter_shapes(config).items():
        part, _, layer = name.partition(".layer.")
        if layer:
            index, _, rest = layer.partition(".")
            field = "numHiddenLayers" if part == "encoder" else "numDecoderLayers"
            name_there = f"{part}.layer.{int(index) * source_shape[field] // config[field]}.{rest}"
        else:
            name_there = name
        if tuple(source[name_there].shape) != tuple(shape):
            raise SystemExit(f"--start: {name_there} must be {tuple(shape)}, got {tuple(source[name_there].shape)}.")
        params[name] = source[name_there].clone()
    return params


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


def measure(params, config, rotary, ids, options, precision):
    """Top-1 and cross-entropy at ratio 0.15, the same 1,024 windows every time."""
    generator = torch.Generator(ids.device).manual_seed(1234)
    right, entropy, count = 0, 0.0, 0
    with torch.no_grad():
        for _ in range(8):
            rows = windows(ids, 128, options.length, generator)
            batch = mask(rows, round(VALID_RATIO * options.length), generator)
            with precision():
                logits = model.gap_logits(params, model.gap_states(params, config, batch, rotary)).float()
            kept = batch.labels >= 0
            right += (logits.argmax(-1) == batch.labels)[kept].sum().item()
            entropy += F.cross_entropy(logits[kept], batch.labels[kept], reduction="sum").item()
            count += kept.sum().item()
    return {"top1": right / count, "crossEntropy": entropy / count}


class Trainer:
    """A model, its average, its teacher and its optimizer on one device."""

    def __init__(self, options):
        torch.manual_seed(options.seed)
        self.options = options
        self.device = torch.device(options.device)
        self.generator = torch.Generator(self.device).manual_seed(options.seed)
        self.config = {**read_json(options.config), "maxPositionEmbeddings": options.length}
        self.rotary = model.rotary_table(self.config, self.device)
        self.precision = nullcontext
        self.masked_loss, self.taught_loss = masked_loss, taught_loss
        if self.device.type == "cuda":
            torch.set_float32_matmul_precision("high")
            self.precision = partial(torch.autocast, "cuda", torch.bfloat16)
        if options.compile:
            torch._dynamo.config.cache_size_limit = 64
            model.compile_layers(dynamic=False)
            self.masked_loss, self.taught_loss = (torch.compile(f, dynamic=False) for f in (masked_loss, taught_loss))
        params = model.initial_parameters(self.config)
        if options.start:
            source, metadata = read_weights(options.start)
            params = started(self.config, source, json.loads(metadata["config"]))
        self.params = {name: value.to(self.device).requires_grad_() for name, value in params.items()}
        self.average = {name: value.detach().clone() for name, value in self.params.items()}
        self.teacher = None
        if options.teacher:
            self.teacher, metadata = read_weights(options.teacher)
            self.teacher = {name: value.to(self.device) for name, value in self.teacher.items()}
            self.teacher_config = json.loads(metadata["config"])
        decayed = [value for name, value in self.params.items() if model.is_decayed(name)]
        others = [value for name, value in self.params.items() if not model.is_decayed(name)]
        groups = [{"params": decayed, "weight_decay": options.weight_decay}, {"params": others, "weight_decay": 0}]
        fused = {"fused": True} if self.device.type == "cuda" else {}
        self.optimizer = torch.optim.AdamW(groups, lr=0, betas=(0.9, 0.98), eps=1e-6, **fused)
        self.ids = read_ids(options.ids, self.device)
        self.rows = max(1, options.batch_tokens // options.length)
        self.steps = 0

    def loss(self, gaps):
        batch = mask(windows(self.ids, self.rows, self.options.length, self.generator), gaps, self.generator)
        with self.precision():
            states = model.gap_states(self.params, self.config, batch, self.rotary)
            logits = model.gap_logits(self.params, states)
            if self.teacher is None:
                return self.masked_loss(logits, batch.labels)
            with torch.no_grad():
                taught = model.gap_states(self.teacher, self.teacher_config, batch, self.rotary_of_teacher)
                answers = model.gap_logits(self.teacher, taught)
            loss = self.taught_loss(logits, batch.labels, answers)
            if taught.shape != states.shape:
                return loss
            return loss + HIDDEN * (1 - F.cosine_similarity(states.float(), taught.float(), dim=-1)).mean()

    @cached_property
    def rotary_of_teacher(self):
        return model.rotary_table(self.teacher_config, self.device)

    def step(self, gaps, rate):
        loss = self.loss(gaps)
        loss.backward()
        everything = list(self.params.values())
        torch.nn.utils.clip_grad_norm_(everything, 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.steps += 1
        decay = min(self.options.ema, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            torch._foreach_mul_(list(self.average.values()), decay)
            torch._foreach_add_(list(self.average.values()), everything, alpha=1 - decay)
        return loss

    def compile(self):
        """Every shape that will come, once, at rate 0."""
        began = time.time()
        most = gap_count(0, self.options, Extreme(1))
        for gaps in range(self.options.gap_step, most + 1, self.options.gap_step):
            self.step(gaps, 0.0).item()
        self.steps = 0
        tell({"compiledSeconds": round(time.time() - began, 1), "parameters": sum(p.numel() for p in self.params.values())})

    def measure(self, ids):
        return measure(self.average, self.config, self.rotary, ids, self.options, self.precision)

    def save(self, made):
        kept = {key: value for key, value in vars(self.options).items() if value is not None}
        training = {**made, "options": kept, "device": device_name(self.device), "torch": torch.__version__}
        facts = {"config": json.dumps(self.config), "training": json.dumps(training)}
        write_weights(self.options.out, self.average, facts)


class Extreme:
    """A draw that always falls on one end."""

    def __init__(self, end):
        self.end = end

    def uniform(self, _from, _to):
        return self.end


def train(options):
    trainer = Trainer(options)
    valid = read_ids([options.valid], trainer.device) if options.valid else None
    draw = random.Random(options.seed)
    if options.compile:
        trainer.compile()
    tokens, fraction, began, shown = 0, 0.0, time.time(), time.time()
    while fraction < 1:
        loss = trainer.step(gap_count(fraction, options, draw), learning_rate(fraction, options))
        tokens += trainer.rows * options.length
        seconds = time.time() - began
        fraction = tokens / options.tokens if options.tokens else seconds / 60 / options.minutes
        if time.time() - shown > options.tell_seconds:
            shown = time.time()
            line = {"step": trainer.steps, "tokens": tokens, "seconds": round(seconds, 1), "loss": round(loss.item(), 4)}
            tell(line if valid is None else {**line, **trainer.measure(valid)})
    figures = {} if valid is None else trainer.measure(valid)
    made = {"step": trainer.steps, "tokens": tokens, "seconds": round(time.time() - began, 1), **figures}
    trainer.save(made)
    tell(made)


def tell(line):
    print(json.dumps(line), flush=True)


def device_name(device):
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


if __name__ == "__main__":
    train(arguments())
