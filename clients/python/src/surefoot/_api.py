from typing import Any, NotRequired, TypedDict


class BudgetBody(TypedDict, total=False):
    pass


class BudgetView(TypedDict, total=False):
    pass


class Certificate(TypedDict, total=False):
    pass


class FeedbackBody(TypedDict, total=False):
    pass


class KeyBody(TypedDict, total=False):
    pass


class KeyView(TypedDict, total=False):
    pass


class KeyWithSecret(TypedDict, total=False):
    pass


class RatesBody(TypedDict, total=False):
    pass


class RotateBody(TypedDict, total=False):
    pass


class Verified(TypedDict, total=False):
    pass
