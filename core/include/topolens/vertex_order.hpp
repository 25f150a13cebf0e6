// The vertices of one graph in the order (value, index), as ranks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "order_key.hpp"
#include "simd.hpp"

namespace topolens {

inline constexpr std::int64_t rank_block = 16;

// smaller[i] = how many keys are smaller than key i. Quadratic, but without a branch; both arrays are a whole number
// of blocks long.
template <class Key>
TOPOLENS_VECTORISED void count_smaller(const Key* keys, std::int64_t n, Key* __restrict smaller) {
    for (std::int64_t first = 0; first < n; first += rank_block) {
        Key counts[rank_block] = {};
        for (std::int64_t j = 0; j < n; ++j)
            for (std::int64_t i = 0; i < rank_block; ++i) counts[i] += keys[j] < keys[first + i];
        for (std::int64_t i = 0; i < rank_block; ++i) smaller[first + i] = counts[i];
    }
}

template <class Real>
class VertexOrder {
    using Key = OrderKey<Real>;

public:
    void sort(const Real* values, std::int64_t n) {
        const auto size = static_cast<std::size_t>(n);
        keys_.resize(size + rank_block);
        rank_.resize(size);
        vertex_.resize(size);
        for (std::size_t v = 0; v < size; ++v) keys_[v] = order_key(values[v]);
        n <= counting_up_to ? sort_by_counting(size) : sort_by_comparing(size);
    }

    std::int32_t rank(std::int32_t vertex) const { return rank_[index(vertex)]; }
    std::int32_t vertex(std::int32_t rank) const { return vertex_[index(rank)]; }
    bool equal(std::int32_t a, std::int32_t b) const { return keys_[index(a)] == keys_[index(b)]; }  // values

private:
    static constexpr std::int64_t counting_up_to = 256;  // beyond, sorting is faster
    static std::size_t index(std::int32_t n) { return static_cast<std::size_t>(n); }

    void sort_by_counting(std::size_t size) {
        smaller_.resize(keys_.size());
        count_smaller(keys_.data(), static_cast<std::int64_t>(size), smaller_.data());
        equals_.assign(size, 0);
        for (std::size_t v = 0; v < size; ++v) {
            const auto before = static_cast<std::size_t>(smaller_[v]);
            rank_[v] = static_cast<std::int32_t>(before) + equals_[before]++;
            vertex_[index(rank_[v])] = static_cast<std::int32_t>(v);
        }
    }

    void sort_by_comparing(std::size_t size) {
        for (std::size_t v = 0; v < size; ++v) vertex_[v] = static_cast<std::int32_t>(v);
        std::sort(vertex_.begin(), vertex_.end(), [this](std::int32_t a, std::int32_t b) {
            return keys_[index(a)] != keys_[index(b)] ? keys_[index(a)] < keys_[index(b)] : a < b;
        });
        for (std::size_t r = 0; r < size; ++r) rank_[index(vertex_[r])] = static_cast<std::int32_t>(r);
    }

    std::vector<Key> keys_, smaller_;
    std::vector<std::int32_t> rank_, vertex_;
    std::vector<std::int32_t> equals_;  // so far, per number of smaller keys
};

}  // namespace topolens
