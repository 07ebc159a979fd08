"""Makes the tiny model that the real vLLM serves in tests: Gemma 4's architecture at a few hundred thousand parameters.

Run by the interpreter of `build/vllm-cpu.sh`, never by tai's: `python tests/vllm/tiny_model.py FOLDER`. It starts from random
weights and is shown answers of tai's shape for some minutes of one core, once, so that it closes its strings and lists as a real model
does; what it writes is valid and means nothing. Right for the wire, not for quality.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import Gemma4ForCausalLM, Gemma4TextConfig, PreTrainedTokenizerFast

ROOT = Path(__file__).resolve().parents[2]
SPECIAL = ("<pad>", "<eos>", "<bos>", "<unk>", "<|turn>", "<turn|>", "<|channel>", "<channel|>", "<|think|>")
# The turns of Gemma 4: system, user and model, and thinking asked for at the very beginning.
TEMPLATE = """{{ bos_token }}{% for message in messages %}<|turn>\
{{ 'model' if message.role == 'assistant' else message.role }}
{% if loop.first and enable_thinking is defined and enable_thinking %}<|think|>{% endif %}\
{{ message.content }}<turn|>
{% endfor %}{% if add_generation_prompt %}<|turn>model
{% endif %}"""
VOCABULARY = 4096
LONGEST = 32_768
WORDS_TEXT = """
    disk full service failed journal nginx postgres memory killed kernel mount read-only port refused certificate expired time
    clock dns resolver timeout unit restart limit denied permission file system space left device network link down
"""
WORDS = WORDS_TEXT.split()
STEPS, BATCH, LENGTH = 400, 8, 384


def texts() -> list[str]:
    """Text of the field, from the checkout itself."""
    files = [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("collectors/*.toml"),
        *ROOT.glob("prompts/*.j2"),
    ]
    return [file.read_text(encoding="utf-8") for file in sorted(files)]


def sentence(chance: random.Random) -> str:
    return " ".join(chance.choices(WORDS, k=chance.randint(2, 7))).capitalize() + "."


def quote(chance: random.Random) -> dict[str, Any]:
    return {"evidence": f"E{chance.randint(1, 30)}", "line": chance.randint(1, 90), "text": sentence(chance)}


def claims(chance: random.Random, most: int) -> list[dict[str, Any]]:
    return [{"text": sentence(chance), "quotes": [quote(chance)]} for _ in range(chance.randint(0, most))]


def answer(chance: random.Random) -> str:
    """An answer as `tai.answer.Answer` has it, its fields in their order."""
    outcome = chance.choice(["root_cause", "healthy", "inconclusive"])
    said = {
        "observations": claims(chance, 2),
        "timeline": [],
        "hypotheses": [
            {"cause": sentence(chance), "supporting": claims(chance, 1), "refuting": []}
            for _ in range(chance.randint(0, 1))
        ],
        "outcome": outcome,
        "cause": sentence(chance) if outcome == "root_cause" else "",
        "evidence": claims(chance, 2),
        "missing": [sentence(chance) for _ in range(chance.randint(0, 1))],
        "actions": [sentence(chance) for _ in range(chance.randint(0, 2))],
        "next_checks": [],
    }
    return json.dumps(said)


def train_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    chance = random.Random(4)
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    # Digits one by one, as Gemma splits them.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*texts(), *(answer(chance) for _ in range(50))], trainer)
    made = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="<eos>",
        bos_token="<bos>",
        unk_token="<unk>",
        additional_special_tokens=list(SPECIAL[4:]),
        model_max_length=LONGEST,
        clean_up_tokenization_spaces=False,
    )
    made.chat_template = TEMPLATE
    made.save_pretrained(folder)
    return made


def shape(end: int) -> Gemma4TextConfig:
    """Gemma 4 made small: a sliding layer and a full one. end: the token that closes a turn."""
    return Gemma4TextConfig(
        vocab_size=VOCABULARY,
        vocab_size_per_layer_input=VOCABULARY,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        global_head_dim=32,
        hidden_size_per_layer_input=0,
        layer_types=["sliding_attention", "full_attention"],
        sliding_window=512,
        max_position_embeddings=LONGEST,
        pad_token_id=0,
        eos_token_id=[1, end],
        bos_token_id=2,
        tie_word_embeddings=True,
        architectures=["Gemma4ForCausalLM"],
    )


def teach(model: Gemma4ForCausalLM, tokenizer: PreTrainedTokenizerFast) -> float:
    """Show the model answers behind stretches of text. Returns the loss it ended with."""
    chance = random.Random(5)
    torch.manual_seed(5)
    prose = tokenizer("\n".join(texts()))["input_ids"]
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    loss = torch.tensor(0.0)
    for step in range(STEPS):
        rows = []
        for _ in range(BATCH):
            start = chance.randrange(len(prose) - 100)
            before = prose[start : start + chance.randint(8, 64)]
            turn = tokenizer(f"<turn|>\n<|turn>model\n{answer(chance)}<turn|>\n")["input_ids"]
            rows.append(([2, *before, *turn] + [0] * LENGTH)[:LENGTH])
        ids = torch.tensor(rows)
        loss = model(input_ids=ids, labels=ids.masked_fill(ids == 0, -100), use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = 4e-3 * (1 - step / STEPS)
        optimizer.step()
        optimizer.zero_grad()
    return float(loss.detach())


def main() -> None:
    folder = Path(sys.argv[1])
    torch.manual_seed(3)
    torch.set_num_threads(
        1
    )  # the matrices are too small to be shared out; more threads only wait for each other
    tokenizer = train_tokenizer(folder)
    model = Gemma4ForCausalLM(shape(tokenizer.convert_tokens_to_ids("<turn|>")))
    print(f"taught to a loss of {teach(model, tokenizer):.2f}", file=sys.stderr)
    model.to(torch.bfloat16).save_pretrained(folder)


if __name__ == "__main__":
    main()
