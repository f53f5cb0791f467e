// Values with something different in every member, by way of the descriptions of members.hpp.
#pragma once

#include <kvmark/measure/members.hpp>

namespace kvmark::test {

/// Sets whatever it visits: numbers count up, texts hold one, lists get two elements.
class filler {
public:
    template <class... Ts>
    void operator()(Ts&... xs) {
        (fill(xs), ...);
    }

private:
    template <class T>
    void fill(T& x) {
        if constexpr (std::is_arithmetic_v<T>)
            x = static_cast<T>(++next_);
        else
            visit_members(*this, x);
    }
    void fill(bool& x) { x = true; }
    template <class Tag, class Rep>
    void fill(quantity<Tag, Rep>& x) {
        fill(x.count);
    }
    void fill(measure::tier_role& x) { x = measure::tier_role::cpu; }
    void fill(std::string& x) { x = "text " + std::to_string(++next_); }
    template <class T>
    void fill(std::vector<T>& x) {
        x.resize(2);
        for (T& element : x) fill(element);
    }
    template <class T, std::size_t N>
    void fill(std::array<T, N>& x) {
        for (T& element : x) fill(element);
    }
    template <class T>
    void fill(std::optional<T>& x) {
        fill(x.emplace());
    }
    void fill(measure::histogram& x) {
        for (const std::int64_t d : {5, 5, 1'000'000}) x.record(nanoseconds(d * static_cast<int>(++next_)));
    }

    std::uint64_t next_ = 0;
};

template <class T>
T filled() {
    T x{};
    filler fill;
    fill(x);
    return x;
}

/// Lists every number, text and bucket of what it visits, so that two values can be compared.
class lister {
public:
    template <class... Ts>
    void operator()(const Ts&... xs) {
        (list(xs), ...);
    }
    std::vector<std::string> values;

private:
    template <class T>
    void list(const T& x) {
        if constexpr (std::is_floating_point_v<T>)
            values.push_back(std::to_string(std::bit_cast<std::uint64_t>(static_cast<double>(x))));
        else if constexpr (std::is_arithmetic_v<T>)
            values.push_back(std::to_string(x));
        else
            visit_members(*this, x);
    }
    template <class Tag, class Rep>
    void list(const quantity<Tag, Rep>& x) {
        list(x.count);
    }
    void list(const measure::tier_role& x) { list(static_cast<int>(x)); }
    void list(const std::string& x) { values.push_back(x); }
    template <class T>
    void list(const std::vector<T>& x) {
        list(x.size());
        for (const T& element : x) list(element);
    }
    template <class T, std::size_t N>
    void list(const std::array<T, N>& x) {
        for (const T& element : x) list(element);
    }
    template <class T>
    void list(const std::optional<T>& x) {
        list(x.has_value());
        if (x) list(*x);
    }
    void list(const measure::histogram& x) {
        list(x.count());
        list(x.max());
        list(x.mean());
        for (const double q : {0.0, 0.5, 0.9, 0.99, 0.9999, 1.0}) list(x.quantile(q));
        for (const auto& b : x.buckets()) (*this)(b.low, b.high, b.count);
    }
};

template <class T>
std::vector<std::string> listed(const T& x) {
    lister list;
    list(x);
    return std::move(list.values);
}

} // namespace kvmark::test
