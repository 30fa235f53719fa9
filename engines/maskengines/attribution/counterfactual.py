"""The engine `counterfactual`: what would the network say if that were not there?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np

from maskengines.attribution.info import COUNTERFACTUAL, CounterfactualParams
from maskengines.attribution.loaded import Loaded, displayed, shown
from maskengines.attribution.probe import Probe
from maskengines.attribution.scoring import probabilities
from maskengines.attribution.targets import choose
from maskengines.contract import Candidate, ImagePatch, Request, RunContext
from maskengines.errors import EngineFault
from maskengines.params import Params
from maskengines.subjects.image import ImageSubject


class Counterfactual(Loaded):
    """Fills what is masked from the photo itself, several ways, and asks the network about each.

    Filling at the photo's own size and asking again does what hiding cannot: the network sees a whole photo
    of the kind it was trained on. It says nothing of what stood there, only of what is there instead.
    """

    info = COUNTERFACTUAL

    def sample(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        """Yield a fill per seed; its label and metrics say what the network makes of it, its score is how
        much less likely the class became.

        Raises:
            BadInput, NotReady: the network or the class is none that can be asked; says why.
        """
        params = cast(CounterfactualParams, request.params)
        network = self.network_for(params.model, context)
        probe = Probe(network, shown(request))
        before = probe.before
        logits = np.log(np.maximum(before, 1e-300))
        target = choose(network.labels, logits, params.target)
        subject = cast(ImageSubject, request.subject)
        for index in range(request.count):
            context.progress(index, request.count, "Filling")
            seed = request.candidate_seed(index)
            (fill,) = context.ask("exemplar", Request(subject, request.masks, Params(), count=1, seed=seed))
            if not isinstance(fill.result, ImagePatch):
                raise EngineFault("The fill is no picture.")
            context.checkpoint()
            context.progress(index + 0.9, request.count, "Asking the network again")
            filled = subject.with_patch(fill.result)
            scorer = Probe(network, displayed(filled)).scorer("grey")
            after = probabilities(scorer.logits(np.ones((1, *network.shape), bool)))[0]
            was, now, top = float(before[target.index]), float(after[target.index]), int(after.argmax())
            changed = "" if top == int(before.argmax()) else f", now {network.labels[top]}"
            yield Candidate(
                kind="image",
                result=fill.result,
                seed=seed,
                label=f"{was:.0%} to {now:.0%}{changed}",
                score=was - now,
                metrics={
                    "class": target.label, "p_before": round(was, 6), "p_after": round(now, 6),
                    "top": network.labels[top], "p_top": round(float(after[top]), 6),
                },
            )  # fmt: skip
