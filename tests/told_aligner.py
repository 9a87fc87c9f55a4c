"""An aligner for tests that is told where words are."""


class ToldAligner:
    """Gives back the alignments that it was made with, whatever it is asked."""

    boundaries = None
    chooses_verbalisations = False
    edges_by_vad = False
    heard_by = "told"

    def __init__(self, alignments):
        self.alignments = alignments

    def align(self, samples, requests):
        return self.alignments
