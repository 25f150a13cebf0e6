// Persistence pairs of two-dimensional images, sorting only the saddles.
//
// Pixels are ordered by (value, flat index). Which of its eight neighbours come earlier decides what a pixel
// does to the topology; only saddles can merge components or close loops. From each saddle we walk along
// ever earlier (later) neighbours to the minimum (maximum) that names the component and merge by the elder
// rule: dimension 0 in rising order, dimension 1 in falling order on the dual, where everything outside the
// image is one node that is older than all pixels.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "topolens/pairs.hpp"
#include "topolens/simd.hpp"

namespace topolens {

// V: pixels are vertices, a cube comes with its latest pixel; sets of early pixels are 4-connected, sets of
// late ones 8-connected. T: pixels are squares, a cube comes with its earliest pixel; the other way round.
enum class Construction { vertices, top_cells };

// ---- neighbours of a pixel, clockwise from north; even numbers share a side, odd ones only a corner

inline constexpr std::array<int, 8> row_step{-1, -1, 0, 1, 1, 1, 0, -1};
inline constexpr std::array<int, 8> column_step{0, 1, 1, 1, 0, -1, -1, -1};

// Connected arcs of a set of neighbours, each with one member.
struct Arcs {
    std::uint8_t count = 0;
    std::array<std::uint8_t, 4> member{};
};

// Members of the arcs that a set of neighbours (bit k = neighbour k) falls into. With `corners`, pixels that
// touch in a corner are connected, so two side neighbours always meet around the corner between them.
constexpr Arcs find_arcs(unsigned set, bool corners) {
    std::array<int, 8> root{};
    for (int k = 0; k < 8; ++k) root[k] = k;
    const auto has = [&](int k) { return (set >> (k & 7) & 1U) != 0 && (corners || (k & 1) == 0); };
    const auto join = [&](int a, int b) {
        const int from = root[b & 7], to = root[a & 7];
        for (int& r : root)
            if (r == from) r = to;
    };
    for (int k = 0; k < 8; k += 2) {
        const bool corner = (set >> (k + 1) & 1U) != 0;
        if (has(k) && has(k + 2) && (corners || corner)) join(k, k + 2);
        if (corners && corner && has(k)) join(k, k + 1);
        if (corners && corner && has(k + 2)) join(k + 2, k + 1);
    }
    Arcs arcs;
    for (int k : {0, 2, 4, 6, 1, 3, 5, 7})  // sides before corners: shorter steps stay in the cache
        if (has(k) && root[k] == k) arcs.member[arcs.count++] = static_cast<std::uint8_t>(k);
    return arcs;
}

using ArcTable = std::array<Arcs, 256>;

// With `inverted`, entry m describes the neighbours that are not in m.
constexpr ArcTable make_arcs(bool corners, bool inverted) {
    ArcTable table;
    for (unsigned m = 0; m < 256; ++m) table[m] = find_arcs(inverted ? 255 - m : m, corners);
    return table;
}

template <Construction kind>
inline constexpr ArcTable early_arcs = make_arcs(kind == Construction::top_cells, false);
template <Construction kind>
inline constexpr ArcTable late_arcs = make_arcs(kind == Construction::vertices, true);

// ---- total order of pixels through integers

template <class Real>
using OrderKey = std::conditional_t<sizeof(Real) == 4, std::int32_t, std::int64_t>;

// Integers in the order of the numbers, both zeros equal; the largest integer stays free for the frame.
template <class Real>
[[gnu::always_inline]] inline OrderKey<Real> order_key(Real value) {
    using Key = OrderKey<Real>;
    const Key bits = std::bit_cast<Key>(value + Real(0));
    const Key key = bits >= 0 ? bits : static_cast<Key>(bits ^ std::numeric_limits<Key>::max());
    return std::min<Key>(key, std::numeric_limits<Key>::max() - 1);
}

template <class Real>
TOPOLENS_CLONES void row_keys(const Real* row, std::int64_t width, OrderKey<Real>* __restrict keys) {
    for (std::int64_t c = 0; c < width; ++c) keys[c] = order_key(row[c]);
}

// masks[c] = which neighbours come earlier than pixel c; among equals the rows above and the left do.
template <class Key>
TOPOLENS_CLONES void row_masks(const Key* above, const Key* here, const Key* below, std::int64_t width,
                               std::uint8_t* __restrict masks) {
    for (std::int64_t c = 0; c < width; ++c) {
        const Key key = here[c];
        const unsigned mask = unsigned{above[c] <= key} | unsigned{above[c + 1] <= key} << 1 |
                              unsigned{here[c + 1] < key} << 2 | unsigned{below[c + 1] < key} << 3 |
                              unsigned{below[c] < key} << 4 | unsigned{below[c - 1] < key} << 5 |
                              unsigned{here[c - 1] <= key} << 6 | unsigned{above[c - 1] <= key} << 7;
        masks[c] = static_cast<std::uint8_t>(mask);
    }
}

template <class Key>
struct Saddle {
    Key key;
    std::int32_t pixel;
};

// Stable counting sort by `digit(item)` < 2048.
template <class Item, class Digit>
void sort_by_digit(std::vector<Item>& items, std::vector<Item>& spare, Digit digit) {
    std::array<std::uint32_t, 2049> start{};
    for (const Item& item : items) ++start[digit(item) + 1];
    if (std::find(start.begin(), start.end(), items.size()) != start.end()) return;  // all in one bucket
    for (std::size_t k = 1; k < start.size(); ++k) start[k] += start[k - 1];
    spare.resize(items.size());
    for (const Item& item : items) spare[start[digit(item)]++] = item;
    items.swap(spare);
}

// Pairs of one image after another, all of the same shape; buffers live as long as the object.
template <class Real, Construction kind>
class CubicalPairs {
    using Key = OrderKey<Real>;
    using Index = std::int32_t;
    static constexpr Index unknown = -1;

public:
    // Requires height * width < 2^31 - 1.
    CubicalPairs(std::int64_t height, std::int64_t width)
        : height_(height), width_(width), size_(height * width), masks_(as_size(size_)), next_(as_size(size_ + 1)),
          rows_(as_size(3 * (width + 2))) {
        for (std::size_t k = 0; k < 8; ++k) step_[k] = static_cast<Index>(row_step[k] * width + column_step[k]);
    }

    // Pairs in order of (dimension, birth, death), bars of no length left out.
    void compute(const Real* image, int max_dim, Pairs& pairs) {
        pairs.clear();
        if (size_ == 0) return;
        image_ = image;
        read_masks();
        find_saddles();
        sort_saddles();
        merge_early(pairs);
        if (max_dim >= 1) merge_late(pairs);
    }

private:
    static std::size_t as_size(std::int64_t n) { return static_cast<std::size_t>(n); }
    Key key(Index pixel) const { return order_key(image_[pixel]); }
    Index& next(Index pixel) { return next_[as_size(pixel)]; }

    // Keys of three rows at a time, with a border that is later than every pixel.
    void read_masks() {
        std::fill(rows_.begin(), rows_.end(), std::numeric_limits<Key>::max());
        std::array<Key*, 3> row{rows_.data() + 1, rows_.data() + width_ + 3, rows_.data() + 2 * width_ + 5};
        row_keys(image_, width_, row[1]);
        for (std::int64_t r = 0; r < height_; ++r) {
            if (r + 1 < height_)
                row_keys(image_ + (r + 1) * width_, width_, row[2]);
            else
                std::fill(row[2], row[2] + width_, std::numeric_limits<Key>::max());
            row_masks(row[0], row[1], row[2], width_, masks_.data() + r * width_);
            std::rotate(row.begin(), row.begin() + 1, row.end());
        }
    }

    void find_saddles() {
        found_.resize(as_size(size_));
        std::size_t count = 0;
        for (Index p = 0; p < size_; ++p) {
            found_[count] = p;
            count += early_arcs<kind>[masks_[as_size(p)]].count >= 2;
        }
        saddles_.resize(count);
        for (std::size_t k = 0; k < count; ++k) saddles_[k] = {key(found_[k]), found_[k]};
    }

    void sort_saddles() {
        if (saddles_.size() < 512) {
            std::sort(saddles_.begin(), saddles_.end(), [](const Saddle<Key>& a, const Saddle<Key>& b) {
                return a.key != b.key ? a.key < b.key : a.pixel < b.pixel;
            });
            return;
        }
        constexpr int bits = 8 * static_cast<int>(sizeof(Key));
        using Unsigned = std::make_unsigned_t<Key>;
        for (int shift = 0; shift < bits; shift += 11)
            sort_by_digit(saddles_, spare_, [shift](const Saddle<Key>& s) {
                return (static_cast<Unsigned>(s.key) ^ Unsigned{1} << (bits - 1)) >> shift & 2047;
            });
    }

    bool earlier(Index a, Index b) const {
        const Key key_a = key(a), key_b = key(b);
        return key_a != key_b ? key_a < key_b : a < b;
    }

    // The component of a pixel: follows `next`, where a root points at itself, and shortens the path. Pixels not
    // yet visited go to a neighbour on their own side of the order; extrema have none and become roots.
    Index root(Index pixel, const ArcTable& arcs) {
        Index top = pixel;
        for (;;) {
            Index to = next(top);
            if (to == unknown) {
                const Arcs& arc = arcs[masks_[as_size(top)]];
                to = arc.count == 0 ? top : top + step_[arc.member[0]];
                next(top) = to;
            }
            if (to == top) break;
            top = to;
        }
        while (pixel != top) {
            const Index to = next(pixel);
            next(pixel) = top;
            pixel = to;
        }
        return top;
    }

    void merge_early(Pairs& pairs) {
        std::fill(next_.begin(), next_.end(), unknown);
        closing_.clear();
        for (const Saddle<Key>& saddle : saddles_) {
            const Arcs& arcs = early_arcs<kind>[masks_[as_size(saddle.pixel)]];
            Index elder = root(saddle.pixel + step_[arcs.member[0]], early_arcs<kind>);
            bool closes = false;
            for (int k = 1; k < arcs.count; ++k) {
                Index other = root(saddle.pixel + step_[arcs.member[as_size(k)]], early_arcs<kind>);
                if (other == elder) {
                    closes = true;
                    continue;
                }
                if (earlier(other, elder)) std::swap(other, elder);
                next(other) = elder;
                if (key(other) != saddle.key) pairs.push_back({0, other, saddle.pixel});
            }
            if (closes) closing_.push_back(saddle);
        }
        pairs.push_back({0, root(0, early_arcs<kind>), never});
        sort_tail(pairs, 0);
    }

    void merge_late(Pairs& pairs) {
        const std::size_t first = pairs.size();
        const Index frame = static_cast<Index>(size_);
        std::fill(next_.begin(), next_.end(), unknown);
        next(frame) = frame;
        for (Index c = 0; c < width_; ++c) next(c) = next(static_cast<Index>(size_ - width_) + c) = frame;
        for (Index p = 0; p < size_; p += static_cast<Index>(width_))
            next(p) = next(p + static_cast<Index>(width_) - 1) = frame;
        for (auto saddle = closing_.rbegin(); saddle != closing_.rend(); ++saddle) {
            const Arcs& arcs = late_arcs<kind>[masks_[as_size(saddle->pixel)]];
            Index elder = late_root(saddle->pixel, arcs.member[0]);
            for (int k = 1; k < arcs.count; ++k) {
                Index other = late_root(saddle->pixel, arcs.member[as_size(k)]);
                if (other == elder) continue;
                if (other == frame || (elder != frame && earlier(elder, other))) std::swap(other, elder);
                next(other) = elder;
                if (key(other) != saddle->key) pairs.push_back({1, saddle->pixel, other});
            }
        }
        sort_tail(pairs, first);
    }

    Index late_root(Index pixel, std::uint8_t neighbour) {
        const std::int64_t r = pixel / width_ + row_step[neighbour], c = pixel % width_ + column_step[neighbour];
        if (r < 0 || c < 0 || r >= height_ || c >= width_) return static_cast<Index>(size_);
        return root(pixel + step_[neighbour], late_arcs<kind>);
    }

    void sort_tail(Pairs& pairs, std::size_t first) {
        std::sort(pairs.begin() + static_cast<std::ptrdiff_t>(first), pairs.end(), [](const Pair& a, const Pair& b) {
            return a.birth != b.birth ? a.birth < b.birth : a.death < b.death;
        });
    }

    std::int64_t height_, width_, size_;
    const Real* image_ = nullptr;
    std::array<Index, 8> step_{};
    std::vector<std::uint8_t> masks_;
    std::vector<Index> next_, found_;
    std::vector<Key> rows_;
    std::vector<Saddle<Key>> saddles_, spare_, closing_;
};

}  // namespace topolens
