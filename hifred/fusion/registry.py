"""Classes by name, so that only their own files know which there are."""

from collections.abc import Iterator
from typing import Generic, TypeVar, final

from hifred.errors import HifredError

T = TypeVar("T")


@final
class Registry(Generic[T]):
    """What can be chosen by name, in the order in which it was registered.

    Parameters
    ----------
    kind : str
        What the names stand for, such as ``"regularizer"``.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._members: dict[str, T] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def __getitem__(self, name: str) -> T:
        return self._members[name]

    def values(self) -> list[T]:
        """Return all members."""
        return list(self._members.values())

    def add(self, name: str, member: T) -> None:
        """Register `member`.

        Raises
        ------
        HifredError
            If the name is taken.
        """
        if name in self._members:
            raise HifredError(
                f"{self.kind} {name!r} must be registered once; it is there already. "
                "Choose another name."
            )
        self._members[name] = member

    def remove(self, name: str) -> None:
        """Forget a member."""
        del self._members[name]
