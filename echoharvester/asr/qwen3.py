"""Recognition by Qwen3-ASR through its package (an extra), on a GPU or, slowly, a CPU."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from echoharvester.align.base import Evidence
from echoharvester.asr.base import in_batches, in_batches_by_index
from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.models.device import device_of, dtype_on
from echoharvester.models.extras import require
from echoharvester.models.hub import loading


class Qwen3Recogniser:
    """One model, loaded once; utterances in batches by length."""

    def __init__(
        self,
        repo: str,
        device: str = "auto",
        batch_sec: float = 120.0,
        max_new_tokens: int = 256,
        revision: str | None = None,
        evidence: bool = True,
    ) -> None:
        """
        Args:
            repo: a folder, or the name of a repository on the hub.
            device: cpu, cuda, cuda:N; auto: the GPU where there is one.
            evidence: whether it is asked how probable captions are, too, in two more passes.

        Raises:
            MissingExtraError: saying what to install.
            OSError: if the model is not there.
        """
        package = require("qwen_asr", "qwen")
        place = device_of(device)
        logging.getLogger("transformers").setLevel(logging.ERROR)
        options = {} if revision is None else {"revision": revision}
        with loading(repo, "a Qwen3-ASR"):
            self._model = package.Qwen3ASRModel.from_pretrained(
                repo,
                dtype=dtype_on(place),
                device_map=place,
                max_new_tokens=max_new_tokens,
                max_inference_batch_size=-1,
                **options,
            )
        self.batch_sec = batch_sec
        self.heard_by = f"qwen3 {repo}" if evidence else ""

    def transcribe(self, utterances: Sequence[np.ndarray]) -> list[str]:
        return in_batches(utterances, self.batch_sec, self._batch)

    def _batch(self, utterances: list[np.ndarray]) -> list[str]:
        found: list[Any] = self._model.transcribe(
            [(utterance, SAMPLING_RATE) for utterance in utterances], language="Korean"
        )
        return [str(result.text).strip() for result in found]

    def evidence(
        self, utterances: Sequence[np.ndarray], texts: Sequence[str], heard: Sequence[str]
    ) -> list[Evidence | None]:
        """Texts put in place of what it would write: one pass for these, one for what it has heard."""
        words, other = [t.split() for t in texts], [h.split() for h in heard]
        own = self._forced(utterances, words)
        theirs = self._forced(utterances, other)
        return [
            Evidence(tuple(w), tuple(map(tuple, a)), tuple(h), tuple(map(sum, b))) if w else None
            for w, a, h, b in zip(words, own, other, theirs, strict=True)
        ]

    def _forced(
        self, utterances: Sequence[np.ndarray], texts: Sequence[Sequence[str]]
    ) -> list[list[list[float]]]:
        """Log-probabilities of the tokens of each word, of every text on its utterance.

        The last word has one token more: that the text ends there, with or without a full stop.
        """
        asked = [i for i, words in enumerate(texts) if words]
        found = in_batches_by_index(
            [utterances[i] for i in asked],
            self.batch_sec,
            lambda batch: self._forced_batch(
                [utterances[asked[k]] for k in batch], [texts[asked[k]] for k in batch]
            ),
        )
        result: list[list[list[float]]] = [[] for _ in texts]
        for i, log_probs in zip(asked, found, strict=True):
            result[i] = log_probs
        return result

    def _forced_batch(
        self, utterances: Sequence[np.ndarray], texts: Sequence[Sequence[str]]
    ) -> list[list[list[float]]]:
        import torch

        processor, model = self._model.processor, self._model.model
        tokens = [self._tokens(words) for words in texts]
        prompts = processor(text=[self._prompt] * len(texts), audio=list(utterances), return_tensors="pt", padding=True)  # fmt: skip
        rows = [
            torch.cat([ids[mask.bool()], torch.tensor([t for word in words for t in word])])
            for ids, mask, words in zip(
                prompts["input_ids"], prompts["attention_mask"], tokens, strict=True
            )
        ]
        prompts["input_ids"] = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        ones = [torch.ones_like(row) for row in rows]
        prompts["attention_mask"] = torch.nn.utils.rnn.pad_sequence(ones, batch_first=True)
        inputs = prompts.to(model.device).to(model.dtype)
        with torch.inference_mode():
            logits = model.thinker(**inputs, use_cache=False).logits.float()
        ends = torch.tensor(self._ends(), device=logits.device)
        result = []
        for row, words, logit in zip(rows, tokens, logits, strict=True):
            first = len(row) - sum(map(len, words))
            log_probs = logit[first - 1 : len(row)].log_softmax(dim=-1)  # of what comes next
            chosen = log_probs[:-1].gather(1, row[first:, None].to(logits.device))[:, 0].tolist()
            places = iter(chosen)
            of_words = [[next(places) for _ in word] for word in words]
            of_words[-1].append(min(0.0, float(log_probs[-1][ends].logsumexp(dim=0))))
            result.append(of_words)
        return result

    def _tokens(self, words: Sequence[str]) -> list[list[int]]:
        """The tokens of each word, of which every one but the first begins with its space."""
        tokenizer = self._model.processor.tokenizer
        texts = [word if not k else f" {word}" for k, word in enumerate(words)]
        return [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]

    @cached_property
    def _prompt(self) -> str:
        """What stands in front of a Korean transcript."""
        return str(self._model._build_text_prompt(context="", force_language="Korean"))

    def _ends(self) -> list[int]:
        """Tokens that may follow a whole text: its end, or the sign that ends a sentence."""
        tokenizer = self._model.processor.tokenizer
        signs = [tokenizer(sign, add_special_tokens=False)["input_ids"] for sign in ".?!"]
        end = tokenizer.convert_tokens_to_ids("<|im_end|>")
        return sorted({end, *(ids[0] for ids in signs if len(ids) == 1)})
