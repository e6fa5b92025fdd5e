"""Old names of modules: a name of version 0.1 works for one more version.

`from tinygan.experiment import Experiment` still works. It warns, and the warning names
the new module. A run folder of version 0.1 may hold a recipe that imports in this way.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
import warnings

MOVED = {
    "agreement": "measures.agreement",
    "checkpoint": "runs.checkpoint",
    "classifier": "measures.classifier",
    "clipping": "optim.clipping",
    "commands": "cli.commands",
    "conditional": "objectives.auxiliary",
    "conditions": "runs.conditions",
    "data.captions": "data.scenes.pictures",
    "data.captions_reader": "data.files.captioned",
    "data.containers": "data.files.containers",
    "data.grammar": "data.scenes.grammar",
    "data.readers": "data.files.images",
    "data.source": "data.files.source",
    "data.strokes": "data.scenes.strokes",
    "diversity": "objectives.diversity",
    "divided": "parallel.gathered",
    "evaluate": "runs.evaluate",
    "experiment": "runs.experiment",
    "game": "runs.turn",
    "kernels": "fast.cuda",
    "layers.embedding": "layers.conditional.embedding",
    "layers.gru": "layers.conditional.gru",
    "layers.norm": "layers.conditional.batchnorm",
    "layers.paint": "layers.conditional.paint",
    "layers.projection": "layers.conditional.projection",
    "layers.sequence": "layers.conditional.sequence",
    "layers.tuples": "layers.conditional.tuples",
    "mailbox": "parallel.mailbox",
    "metrics": "measures",
    "metrics.cheap": "measures.cheap",
    "metrics.distances": "measures.distances",
    "metrics.features": "measures.features",
    "metrics.likelihood": "measures.likelihood",
    "metrics.modes": "measures.modes",
    "metrics.neighbours": "measures.neighbours",
    "metrics.pairs": "measures.pairs",
    "metrics.patches": "measures.patches",
    "mismatch": "penalties.mismatch",
    "relativistic": "objectives.relativistic",
    "results": "runs.results",
    "run": "runs.run",
    "runfolder": "runs.folder",
    "sampling": "runs.sampling",
    "shards": "parallel.shards",
    "train": "runs.train",
    "worker": "parallel.worker",
}


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a module by its old name in MOVED, and loads the new module for it."""

    def find_spec(self, name, path=None, target=None):
        """A spec for an old name, and None for any other name."""
        package, _, rest = name.partition(".")
        if package == "tinygan" and rest in MOVED:
            return importlib.machinery.ModuleSpec(name, self)
        return None

    def exec_module(self, module):
        """Put the new module in the place of the old one, with a DeprecationWarning."""
        old = module.__name__
        new = f"tinygan.{MOVED[old.removeprefix('tinygan.')]}"
        warnings.warn(f"{old} is now {new}", DeprecationWarning, stacklevel=2)
        sys.modules[old] = importlib.import_module(new)


def answer_old_names() -> None:
    """Let Python ask this finder before its own finders. Those would find the file of
    `metrics.modes` in the folder of the new package, and load it a second time.
    """
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())
