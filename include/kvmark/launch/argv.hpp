// kvmark::argv: the arguments of one program, in one block of memory, usable in constant expressions.
#pragma once

#include <kvmark/launch/text_writer.hpp>

#include <initializer_list>
#include <utility>
#include <vector>

namespace kvmark {

/// An argument vector as execvp takes it: each argument ends with a NUL, and the next one follows. No
/// argument can hold a NUL. Arguments are never joined into a shell line and never split again;
/// launch/quote.hpp has a form to show to people.
class argv {
public:
    /// A forward iterator over the arguments.
    class iterator {
    public:
        using value_type = std::string_view;
        using reference = std::string_view;
        using pointer = void;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag; // operator* yields a value
        using iterator_concept = std::forward_iterator_tag;

        constexpr iterator() = default;
        KVMARK_INLINE constexpr explicit iterator(const char* at) : at_(at) {}

        KVMARK_INLINE constexpr std::string_view operator*() const { return at_; }
        KVMARK_INLINE constexpr iterator& operator++() {
            at_ += std::string_view(at_).size() + 1;
            return *this;
        }
        KVMARK_INLINE constexpr iterator operator++(int) {
            const iterator before = *this;
            ++*this;
            return before;
        }
        friend constexpr bool operator==(iterator, iterator) = default;

    private:
        const char* at_ = nullptr;
    };

    constexpr argv() = default;

    /// Runs `emit` on a text_writer that measures, allocates once, and runs it again to write.
    template <class Emit>
    [[nodiscard]] KVMARK_INLINE static constexpr argv build(const Emit& emit) {
        argv built;
        launch::text_writer writer;
        for (bool measured = false;; measured = true) {
            emit(writer);
            if (measured) return built;
            built = argv(writer.characters(), writer.arguments());
            writer = launch::text_writer(built.text_);
        }
    }

    /// For comparisons.
    KVMARK_INLINE constexpr argv(std::initializer_list<std::string_view> arguments)
        : argv(build([arguments](launch::text_writer & writer) __attribute__((always_inline)) {
              for (const std::string_view a : arguments) writer.argument(a);
          })) {}

    KVMARK_INLINE constexpr argv(const argv& o) : argv(o.characters_, o.size_) {
        std::char_traits<char>::copy(text_, o.text_, characters_);
    }
    KVMARK_INLINE constexpr argv(argv&& o) noexcept
        : text_(std::exchange(o.text_, nullptr)), characters_(std::exchange(o.characters_, 0)),
          size_(std::exchange(o.size_, 0)) {}
    KVMARK_INLINE constexpr argv& operator=(argv o) noexcept {
        std::swap(text_, o.text_);
        std::swap(characters_, o.characters_);
        std::swap(size_, o.size_);
        return *this;
    }
    KVMARK_INLINE constexpr ~argv() { delete[] text_; }

    [[nodiscard]] KVMARK_INLINE constexpr std::size_t size() const { return size_; }
    [[nodiscard]] KVMARK_INLINE constexpr bool empty() const { return size_ == 0; }

    [[nodiscard]] KVMARK_INLINE constexpr iterator begin() const { return iterator(text_); }
    [[nodiscard]] KVMARK_INLINE constexpr iterator end() const { return iterator(text_ + characters_); }

    /// Walks over the arguments before it. Precondition: index < size().
    [[nodiscard]] KVMARK_INLINE constexpr std::string_view operator[](std::size_t index) const {
        iterator at = begin();
        while (index-- > 0) ++at;
        return *at;
    }

    KVMARK_INLINE friend constexpr bool operator==(const argv& a, const argv& b) {
        return std::string_view(a.text_, a.characters_) == std::string_view(b.text_, b.characters_);
    }

    /// For execvp(): a pointer to each argument, then a null pointer. They point into this object.
    [[nodiscard]] KVMARK_COLD std::vector<char*> pointers() const {
        std::vector<char*> all;
        all.reserve(size_ + 1);
        for (char* at = text_; at != text_ + characters_; at += std::string_view(at).size() + 1)
            all.push_back(at);
        all.push_back(nullptr);
        return all;
    }

private:
    KVMARK_INLINE constexpr argv(std::size_t characters, std::size_t size)
        : text_(characters == 0 ? nullptr : new char[characters]), characters_(characters), size_(size) {}

    char* text_ = nullptr;
    std::size_t characters_ = 0; ///< with the NULs
    std::size_t size_ = 0;
};

} // namespace kvmark
