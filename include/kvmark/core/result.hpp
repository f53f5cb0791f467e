// Errors as values: an error says what was wrong, with what value, and what to do.
#pragma once

#include <kvmark/core/config.hpp>

#include <optional>
#include <string>
#include <utility>

namespace kvmark {

/// What a caller can act on; the exit codes of the tool follow it.
enum class error_kind {
    invalid_argument, ///< the user asked for something that cannot be
    system,           ///< the operating system refused: a path, a limit, a device
    data,             ///< bytes read back are not the bytes written
    unsupported,      ///< this build or this machine lacks it
};

struct error {
    error_kind kind = error_kind::invalid_argument;
    std::string message;
};

/// A T or an error: the part of C++23's std::expected that kvmark uses, under its names.
/// boost::system::result would do the same for 0.33 s of compile time in every source file, a third of the
/// budget of kvmark.hpp (benchmarks/compile_time).
template <class T>
class [[nodiscard]] result {
public:
    result(T value) : value_(std::move(value)) {}
    result(kvmark::error e) : error_(std::move(e)) {}

    [[nodiscard]] bool has_value() const { return value_.has_value(); }
    explicit operator bool() const { return has_value(); }

    /// Precondition of all four: has_value().
    T& operator*() & { return *value_; }
    const T& operator*() const& { return *value_; }
    T&& operator*() && { return *std::move(value_); }
    T* operator->() { return &*value_; }
    const T* operator->() const { return &*value_; }

    /// Precondition: !has_value().
    [[nodiscard]] const kvmark::error& error() const { return error_; }

private:
    std::optional<T> value_;
    kvmark::error error_;
};

struct success {};

/// Success or an error; success is written `return {};`.
template <>
class [[nodiscard]] result<void> : public result<success> {
public:
    using result<success>::result;
    result() : result<success>(success{}) {}
};

} // namespace kvmark
