"""Before a configuration is written: the difference, and what somebody else has done to the file meanwhile."""

from console.editing.draft import ChangedMeanwhile, Draft
from console.plain import plain
from console.screens.dialog import Dialog, bullets
from console.widgets.choices import Choices
from console.widgets.facts import folded
from console.widgets.lines import BLANK, Line, cut
from trainer.schema import ConfigError

SAVE, CANCEL, ANEW = "save", "go on editing", "put mine on top of theirs"
_TONES = {"+": "good", "-": "bad", "@": "quiet"}


class SaveDialog(Dialog[Draft | None]):
    """Ends with the draft of the file that was written; None: nothing was."""

    title_text = "Save"

    def __init__(self, draft: Draft, then: str = "") -> None:
        super().__init__()
        self._draft, self._then = draft, then
        self._problem = ""
        self._theirs = False

    def choices(self) -> tuple[str, ...]:
        if self._theirs:
            return (ANEW, CANCEL)
        return (CANCEL,) if self._problem else (SAVE, CANCEL)

    def lines(self, width: int) -> list[Line]:
        lines: list[Line] = [BLANK, ((f"   {plain(str(self._draft.path))}", "strong"),)]
        if self._draft.there is None:
            lines.append(
                (("   a new file: the configuration that comes with the console, with this difference", "quiet"),)
            )
        lines.append(BLANK)
        if self._theirs:
            words = "Somebody else has changed this file since you opened it. Nothing was written."
            lines += bullets(folded(words, width - 4), "warn")
        elif self._problem:
            lines += bullets(folded(plain(self._problem), width - 4), "bad")
        else:
            lines += self._difference(width)
        return [*lines, BLANK, *bullets(folded(self._then, width - 4), "quiet"), *([BLANK] if self._then else [])]

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        if event.name == SAVE:
            self._save()
        elif event.name == ANEW:
            self._put_on_top()
        else:
            self.close(None)
            return
        self.refresh_body()

    def _save(self) -> None:
        try:
            saved = self._draft.save()
        except ChangedMeanwhile:
            self._theirs = True
        except (ConfigError, ValueError, OSError) as error:
            self._problem = str(error)
        else:
            self.close(saved)

    def _put_on_top(self) -> None:
        try:
            self._draft = self._draft.rebased()
            self._theirs = False
        except (ConfigError, ValueError) as error:
            self._theirs, self._problem = False, f"that cannot be done: {error}"

    def _difference(self, width: int) -> list[Line]:
        found = self._draft.difference()[2:]
        room = max(3, self.app.size.height * 9 // 10 - 10)
        lines: list[Line] = [
            cut(((f"   {plain(line)}", _TONES.get(line[:1], "quiet")),), width) for line in found[:room]
        ]
        if len(found) > room:
            lines.append(((f"   … and {len(found) - room} lines more", "quiet"),))
        return lines or [(("   nothing is different", "quiet"),)]
