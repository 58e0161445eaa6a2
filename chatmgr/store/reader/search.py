"""The reader's page on search."""

from typing import TYPE_CHECKING

from chatmgr.domain.filters import Filters
from chatmgr.store.reader.base import Pages

if TYPE_CHECKING:
    from chatmgr.domain.search import Query, SearchResults


class SearchPages(Pages):
    """Answers searches; what that takes is imported by the first."""

    def search(
        self, query: "Query", filters: Filters, count: int, *, newest: bool = False, conversation: int = 0
    ) -> "SearchResults":
        """The best ``count`` hits, conversations first; ``newest`` or ``count`` 0 take them as they come."""
        from chatmgr.store.search.finding import Finder

        source = self._open()
        finder = Finder(self._rows, self._limit, lite=source is None or source.no_limit is not None)
        return finder.search(query, filters, count, newest=newest, conversation=conversation)
