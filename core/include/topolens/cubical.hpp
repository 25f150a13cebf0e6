// Persistence pairs of two-dimensional images, sorting only the saddles.
//
// Pixels are ordered by (value, flat index). Which of its eight neighbours come earlier decides what a pixel
// does to the topology; only saddles can merge components or close loops. From each saddle we walk along
// ever earlier (later) neighbours to the minimum (maximum) that names the component and merge by the elder
// rule: dimension 0 in rising order, dimension 1 in falling order on the dual, where everything outside the
// image is one node that is older than all pixels. Walks go in order of pixels, so they stay in the cache;
// only the merges, on short arrays, jump.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

#include "order_key.hpp"
#include "pairs.hpp"
#include "simd.hpp"

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
    std::array<bool, 8> named{};
    for (int k : {0, 6, 7, 1, 2, 4, 3, 5}) {  // above and left first: walks go where others have been
        if (!has(k) || named[root[k]]) continue;
        named[root[k]] = true;
        arcs.member[arcs.count++] = static_cast<std::uint8_t>(k);
    }
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
TOPOLENS_VECTORISED void pixel_keys(const Real* row, std::int64_t width, OrderKey<Real>* __restrict keys) {
    for (std::int64_t c = 0; c < width; ++c) keys[c] = order_key(row[c]);
}

// masks[c] = which neighbours come earlier than pixel c; among equals the rows above and the left do.
template <class Key>
TOPOLENS_VECTORISED void earlier_masks(const Key* above, const Key* here, const Key* below, std::int64_t width,
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

// ---- merging

// A minimum (maximum) and, as a tree, the component that it names or has joined.
template <class Key>
struct Extremum {
    Key key;
    std::int32_t pixel;
    std::int32_t parent;
};

// A saddle touches the components of the extrema a and b.
template <class Key>
struct Link {
    Key key;
    std::int32_t saddle;
    std::int32_t a;
    std::int32_t b;
};

struct Bar {
    std::int32_t birth;
    std::int32_t death;
};

// Stable sort by an unsigned number of `bits` bits, in digits: short ones for short lists, where clearing and
// summing the counters would cost more than the items.
template <class Item, class Number>
void radix_sort(std::vector<Item>& items, std::vector<Item>& spare, int bits, Number number) {
    const int digit_bits = items.size() < 4096 ? 8 : 11;
    const std::size_t digits = std::size_t{1} << digit_bits;
    for (int shift = 0; shift < bits; shift += digit_bits) {
        const auto digit = [&](const Item& item) { return number(item) >> shift & (digits - 1); };
        std::array<std::uint32_t, 2048> start;
        const auto stop = start.begin() + static_cast<std::ptrdiff_t>(digits);
        std::fill(start.begin(), stop, 0U);
        for (const Item& item : items) ++start[digit(item)];
        if (std::find(start.begin(), stop, items.size()) != stop) continue;  // all in one bucket
        std::exclusive_scan(start.begin(), stop, start.begin(), 0U);
        spare.resize(items.size());
        for (const Item& item : items) spare[start[digit(item)]++] = item;
        items.swap(spare);
    }
}

// Below this many items a comparison sort is faster than clearing the counters.
inline constexpr std::size_t radix_from = 64;

template <class Key>
void sort_links(std::vector<Link<Key>>& links, std::vector<Link<Key>>& spare) {
    if (links.size() < radix_from)
        return std::sort(links.begin(), links.end(), [](const Link<Key>& a, const Link<Key>& b) {
            return a.key != b.key ? a.key < b.key : a.saddle < b.saddle;
        });
    using Unsigned = std::make_unsigned_t<Key>;
    constexpr int bits = 8 * static_cast<int>(sizeof(Key));
    radix_sort(links, spare, bits,
               [](const Link<Key>& link) { return static_cast<Unsigned>(link.key) ^ Unsigned{1} << (bits - 1); });
}

// By birth, then death. Bars of equal birth come from one saddle, so they stand side by side after the first step.
inline void sort_bars(std::vector<Bar>& bars, std::vector<Bar>& spare, std::int64_t cells) {
    const auto before = [](const Bar& a, const Bar& b) {
        return a.birth != b.birth ? a.birth < b.birth : a.death < b.death;
    };
    if (bars.size() < radix_from) return std::sort(bars.begin(), bars.end(), before);
    radix_sort(bars, spare, std::bit_width(static_cast<std::uint64_t>(cells)),
               [](const Bar& bar) { return static_cast<std::uint32_t>(bar.birth); });
    for (std::size_t k = 1; k < bars.size(); ++k)
        for (std::size_t j = k; j > 0 && before(bars[j], bars[j - 1]); --j) std::swap(bars[j], bars[j - 1]);
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
        : height_(height), width_(width), size_(height * width), masks_(as_size(size_)), labels_(as_size(size_)),
          saddles_(as_size(size_)), rows_(as_size(3 * (width + 2))) {
        for (std::size_t k = 0; k < 8; ++k) step_[k] = static_cast<Index>(row_step[k] * width + column_step[k]);
    }

    // Pairs in order of (dimension, birth, death), bars of no length left out.
    void compute(const Real* image, int max_dim, Pairs& pairs) {
        pairs.clear();
        if (size_ == 0) return;
        image_ = image;
        read_masks();
        find_saddles();
        link_early();
        merge_early();
        store(0, pairs);
        if (max_dim < 1) return;
        link_late();
        merge_late();
        store(1, pairs);
    }

private:
    static std::size_t as_size(std::int64_t n) { return static_cast<std::size_t>(n); }
    Key key(Index pixel) const { return order_key(image_[pixel]); }

    // Keys of three rows at a time, with a border that is later than every pixel.
    void read_masks() {
        std::fill(rows_.begin(), rows_.end(), std::numeric_limits<Key>::max());
        std::array<Key*, 3> row{rows_.data() + 1, rows_.data() + width_ + 3, rows_.data() + 2 * width_ + 5};
        pixel_keys(image_, width_, row[1]);
        for (std::int64_t r = 0; r < height_; ++r) {
            if (r + 1 < height_)
                pixel_keys(image_ + (r + 1) * width_, width_, row[2]);
            else
                std::fill(row[2], row[2] + width_, std::numeric_limits<Key>::max());
            earlier_masks(row[0], row[1], row[2], width_, masks_.data() + r * width_);
            std::rotate(row.begin(), row.begin() + 1, row.end());
        }
    }

    void find_saddles() {
        saddle_count_ = 0;
        for (Index p = 0; p < size_; ++p) {
            saddles_[as_size(saddle_count_)] = p;
            saddle_count_ += early_arcs<kind>[masks_[as_size(p)]].count >= 2;
        }
        closes_.assign(as_size(saddle_count_), 0);
    }

    // The extremum that a walk from `pixel` along `arcs` ends in.
    Index label(Index pixel, const ArcTable& arcs) {
        const auto onward = [&](Index p) { return p + step_[arcs[masks_[as_size(p)]].member[0]]; };
        Index end = pixel;
        while (labels_[as_size(end)] == unknown) {
            if (arcs[masks_[as_size(end)]].count == 0) {
                const auto id = static_cast<Index>(extrema_.size());
                extrema_.push_back({key(end), end, id});
                labels_[as_size(end)] = id;
                break;
            }
            end = onward(end);
        }
        const Index found = labels_[as_size(end)];
        for (Index p = pixel; labels_[as_size(p)] == unknown; p = onward(p)) labels_[as_size(p)] = found;
        return found;
    }

    void link_early() {
        std::fill(labels_.begin(), labels_.end(), unknown);
        extrema_.clear();
        links_.clear();
        for (Index s = 0; s < saddle_count_; ++s) {
            const Index pixel = saddles_[as_size(s)];
            const Arcs& arcs = early_arcs<kind>[masks_[as_size(pixel)]];
            const Index a = label(pixel + step_[arcs.member[0]], early_arcs<kind>);
            for (std::size_t k = 1; k < arcs.count; ++k) {
                const Index b = label(pixel + step_[arcs.member[k]], early_arcs<kind>);
                if (a == b)
                    closes_[as_size(s)] = 1;
                else
                    links_.push_back({key(pixel), s, a, b});
            }
        }
        sort_links(links_, spare_links_);
    }

    // In falling order the frame is extremum 0, and every border pixel touches it.
    void link_late() {
        std::fill(labels_.begin(), labels_.end(), unknown);
        std::fill_n(labels_.begin(), width_, 0);
        std::fill_n(labels_.end() - width_, width_, 0);
        for (std::int64_t p = 0; p < size_; p += width_) labels_[as_size(p)] = labels_[as_size(p + width_ - 1)] = 0;
        extrema_.assign(1, {std::numeric_limits<Key>::max(), static_cast<Index>(size_), 0});
        links_.clear();
        for (Index s = 0; s < saddle_count_; ++s) {
            if (!closes_[as_size(s)]) continue;
            const Index pixel = saddles_[as_size(s)];
            const Arcs& arcs = late_arcs<kind>[masks_[as_size(pixel)]];
            const Index a = late_label(pixel, arcs.member[0]);
            for (std::size_t k = 1; k < arcs.count; ++k) {
                const Index b = late_label(pixel, arcs.member[k]);
                if (a != b) links_.push_back({key(pixel), s, a, b});
            }
        }
        sort_links(links_, spare_links_);
    }

    Index late_label(Index pixel, std::uint8_t neighbour) {
        const auto width = static_cast<Index>(width_);
        const Index r = pixel / width + row_step[neighbour], c = pixel % width + column_step[neighbour];
        if (r < 0 || c < 0 || r >= height_ || c >= width) return 0;
        return label(pixel + step_[neighbour], late_arcs<kind>);
    }

    Index root(Index id) {
        for (;;) {
            Extremum<Key>& here = extrema_[as_size(id)];
            if (here.parent == id) return id;
            here.parent = extrema_[as_size(here.parent)].parent;
            id = here.parent;
        }
    }

    // Merges two components; `late` says which end of the order is old. Returns the extremum that loses its name.
    const Extremum<Key>& merge(Index a, Index b, bool late) {
        Extremum<Key>*x = &extrema_[as_size(a)], *y = &extrema_[as_size(b)];
        const bool x_first = x->key != y->key ? x->key < y->key : x->pixel < y->pixel;
        if (x_first == late) std::swap(x, y), std::swap(a, b);
        y->parent = a;
        return *y;
    }

    void merge_early() {
        bars_.clear();
        for (const Link<Key>& link : links_) {
            const Index a = root(link.a), b = root(link.b);
            if (a == b) {
                closes_[as_size(link.saddle)] = 1;
                continue;
            }
            const Extremum<Key>& younger = merge(a, b, false);
            if (younger.key != link.key) bars_.push_back({younger.pixel, saddles_[as_size(link.saddle)]});
        }
        const Index oldest = root(label(0, early_arcs<kind>));
        bars_.push_back({extrema_[as_size(oldest)].pixel, static_cast<Index>(never)});
    }

    void merge_late() {
        bars_.clear();
        for (auto link = links_.rbegin(); link != links_.rend(); ++link) {
            const Index a = root(link->a), b = root(link->b);
            if (a == b) continue;
            const Extremum<Key>& younger = merge(a, b, true);
            if (younger.key != link->key) bars_.push_back({saddles_[as_size(link->saddle)], younger.pixel});
        }
    }

    void store(std::int64_t dim, Pairs& pairs) {
        sort_bars(bars_, spare_bars_, size_);
        pairs.reserve(pairs.size() + bars_.size());
        for (const Bar& bar : bars_) pairs.push_back({dim, bar.birth, bar.death});
    }

    std::int64_t height_, width_, size_;
    const Real* image_ = nullptr;
    std::array<Index, 8> step_{};
    std::vector<std::uint8_t> masks_;
    std::vector<Index> labels_, saddles_;
    Index saddle_count_ = 0;
    std::vector<std::uint8_t> closes_;  // per saddle: joins a component with itself
    std::vector<Key> rows_;
    std::vector<Extremum<Key>> extrema_;
    std::vector<Link<Key>> links_, spare_links_;
    std::vector<Bar> bars_, spare_bars_;
};

}  // namespace topolens
