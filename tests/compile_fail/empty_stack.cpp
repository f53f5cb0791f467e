// expect: kvmark: a tier stack holds one to eight tiers
#include <kvmark/kvmark.hpp>

kvmark::tier::stack<> stack;
