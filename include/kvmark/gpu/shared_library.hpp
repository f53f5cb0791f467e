// A library that is looked for when the program runs, so that none is needed to build it.
#pragma once

#include <kvmark/core/result.hpp>

#include <dlfcn.h>

namespace kvmark::gpu {

/// Stays loaded until the process ends: a driver has threads of its own, whose code must not go away.
class shared_library {
public:
    shared_library() = default;

    /// The first of the names or paths that can be loaded. The error, `unsupported`, is the loader's for the
    /// last one: "libcuda.so.1: cannot open shared object file: No such file or directory".
    template <class... Names>
    [[nodiscard]] KVMARK_COLD static result<shared_library> open(const Names&... names) {
        shared_library library;
        const char* why = nullptr;
        const auto load = [&](const char* name) {
            library.handle_ = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
            if (library.handle_ == nullptr) why = ::dlerror();
            return library.handle_ != nullptr;
        };
        if ((load(names) || ...)) return library;
        return error{error_kind::unsupported, why ? why : "no name was given"};
    }

    /// Points `function` at the library's symbol. The first one that is missing fails complete().
    template <class Function>
    KVMARK_COLD void bind(Function*& function, const char* symbol) {
        if (!bind_if_there(function, symbol) && missing_.empty()) missing_ = symbol;
    }
    /// The same for a function that not every version has; null where it is missing.
    template <class Function>
    KVMARK_COLD bool bind_if_there(Function*& function, const char* symbol) {
        function = reinterpret_cast<Function*>(::dlsym(handle_, symbol));
        return function != nullptr;
    }
    /// Whether all symbols were there; the error names the first that was not.
    [[nodiscard]] KVMARK_COLD result<void> complete() const {
        if (missing_.empty()) return {};
        return error{error_kind::unsupported, "it has no function " + missing_};
    }

private:
    void* handle_ = nullptr;
    std::string missing_{};
};

} // namespace kvmark::gpu
