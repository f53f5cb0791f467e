// Version and the code-generation macros. Nothing else in kvmark is a macro.
#pragma once

#define KVMARK_VERSION_MAJOR 0
#define KVMARK_VERSION_MINOR 1
#define KVMARK_VERSION_PATCH 0
#define KVMARK_VERSION "0.1.0"

/// Every layer between run() and a tier's read carries it. g++ 12 drops plain `inline` and `flatten`
/// once an instantiation is called from two places; always_inline on each layer holds
/// (tests/inlining proves it on the object code).
#define KVMARK_INLINE [[gnu::always_inline]] inline
/// The same for a lambda, written behind its parameters.
#define KVMARK_INLINE_LAMBDA __attribute__((always_inline))

/// Error exits and set-up code: kept out of line so that they do not dilute a hot path.
#define KVMARK_COLD [[gnu::cold, gnu::noinline]] inline

#define KVMARK_LIKELY(condition) __builtin_expect(static_cast<bool>(condition), 1)
