// The vertices of one graph in the order (value, index), as ranks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "order_key.hpp"
#include "simd.hpp"

namespace topolens {

// rank[i] = how many keys come before key i. Quadratic, but without a branch.
template <class Key>
TOPOLENS_VECTORISED void count_ranks(const Key* keys, std::int64_t n, Key* __restrict rank) {
    std::fill(rank, rank + n, Key{0});
    for (std::int64_t j = 0; j < n; ++j) {
        const Key key = keys[j];
        for (std::int64_t i = 0; i < j; ++i) rank[i] += key < keys[i];
        for (std::int64_t i = j + 1; i < n; ++i) rank[i] += key <= keys[i];
    }
}

template <class Real>
class VertexOrder {
    using Key = OrderKey<Real>;

public:
    void sort(const Real* values, std::int64_t n) {
        const auto size = static_cast<std::size_t>(n);
        keys_.resize(size);
        rank_.resize(size);
        vertex_.resize(size);
        for (std::size_t v = 0; v < size; ++v) keys_[v] = order_key(values[v]);
        if (n <= counting_up_to) {
            counts_.resize(size);
            count_ranks(keys_.data(), n, counts_.data());
            for (std::size_t v = 0; v < size; ++v) rank_[v] = static_cast<std::int32_t>(counts_[v]);
            for (std::size_t v = 0; v < size; ++v) vertex_[index(rank_[v])] = static_cast<std::int32_t>(v);
            return;
        }
        for (std::size_t v = 0; v < size; ++v) vertex_[v] = static_cast<std::int32_t>(v);
        std::sort(vertex_.begin(), vertex_.end(), [this](std::int32_t a, std::int32_t b) {
            return keys_[index(a)] != keys_[index(b)] ? keys_[index(a)] < keys_[index(b)] : a < b;
        });
        for (std::size_t r = 0; r < size; ++r) rank_[index(vertex_[r])] = static_cast<std::int32_t>(r);
    }

    std::int32_t rank(std::int32_t vertex) const { return rank_[index(vertex)]; }
    std::int32_t vertex(std::int32_t rank) const { return vertex_[index(rank)]; }
    bool equal(std::int32_t a, std::int32_t b) const { return keys_[index(a)] == keys_[index(b)]; }  // values

private:
    static constexpr std::int64_t counting_up_to = 256;  // beyond, sorting is faster
    static std::size_t index(std::int32_t n) { return static_cast<std::size_t>(n); }

    std::vector<Key> keys_, counts_;
    std::vector<std::int32_t> rank_, vertex_;
};

}  // namespace topolens
