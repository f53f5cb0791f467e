// The smallest program of a user: it sees the library's headers, in the version that the package states.
#include <kvmark/kvmark.hpp>

#ifdef USES_LOCAL
#include <kvmark/exec/local.hpp>
#endif

static_assert(__cplusplus >= 202002L, "kvmark::kvmark asks for C++20");
static_assert(KVMARK_VERSION_MAJOR == 0);

int main() { return KVMARK_VERSION[0] == '0' ? 0 : 1; }
