"""What a user can say in a conversation, whatever front end carries it: slash commands, tickets, follow-ups.

Not a front end: nothing here prints, and what there is to show leaves as a view (`tai.commands.views`).
"""

from tai.commands.context import Context
from tai.commands.dispatch import dispatch
from tai.commands.slash import COMMANDS

__all__ = ["COMMANDS", "Context", "dispatch"]
