// Basins of an image: from every pixel, ever earlier (later) neighbours lead to a minimum (maximum), and the saddles
// say in which order the basins join. Only the pixels that somebody asks for are led.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "order_key.hpp"
#include "pixel_arcs.hpp"
#include "pixel_order.hpp"
#include "radix_sort.hpp"

namespace topolens {

// ---- joins at one pixel

// Pairs of neighbours whose components a pixel joins, in the order of the cells that join them.
struct Joins {
    std::uint8_t count = 0;
    std::array<std::array<std::uint8_t, 2>, 3> members{};
};

// Cells of one pixel rise in the order north, west, east, south.
inline constexpr std::array<int, 4> rising_sides{0, 6, 2, 4};
inline constexpr std::array<int, 4> falling_sides{4, 2, 6, 0};

// Without corners, the pixel itself is joined to one side after the other: a star.
constexpr Joins star_of_sides(unsigned set, const std::array<int, 4>& sides) {
    std::array<int, 8> arc{};
    for (int k = 0; k < 8; ++k) arc[k] = k;
    for (int k = 0; k < 8; k += 2) {
        const int next = (k + 2) % 8;
        if ((set >> k & set >> (k + 1) & set >> next & 1U) == 0) continue;
        for (int& a : arc)
            if (a == arc[next] && &a != &arc[k]) a = arc[k];
    }
    Joins joins;
    std::array<bool, 8> seen{};
    int centre = -1;
    for (const int k : sides) {
        if ((set >> k & 1U) == 0 || seen[arc[k]]) continue;
        seen[arc[k]] = true;
        if (centre < 0)
            centre = k;
        else
            joins.members[joins.count++] = {static_cast<std::uint8_t>(centre), static_cast<std::uint8_t>(k)};
    }
    return joins;
}

// With corners, the components touch the pixel's outline in arcs, and each side that is not in the set joins the two
// corners at its ends. The last gap only closes the outline.
constexpr Joins gaps_of_outline(unsigned set, const std::array<int, 4>& sides) {
    std::array<int, 4> group{0, 1, 2, 3}, member{-1, -1, -1, -1};  // of the corner after side 2 c
    const auto merge = [&](int a, int b) {
        const int from = group[b], to = group[a];
        if (member[to] < 0) member[to] = member[from];
        for (int& g : group)
            if (g == from) g = to;
    };
    for (int c = 0; c < 4; ++c)
        for (const int k : {2 * c, 2 * c + 1, (2 * c + 2) % 8})
            if ((set >> k & 1U) != 0) member[c] = k;
    for (int side = 0; side < 8; side += 2)
        if ((set >> side & 1U) != 0) merge(side / 2, (side / 2 + 3) % 4);
    Joins joins;
    for (const int side : sides) {
        if ((set >> side & 1U) != 0) continue;
        const int a = group[side / 2], b = group[(side / 2 + 3) % 4];
        if (a != b && member[a] >= 0 && member[b] >= 0)
            joins.members[joins.count++] = {static_cast<std::uint8_t>(member[a]), static_cast<std::uint8_t>(member[b])};
        if (a != b) merge(a, b);
    }
    return joins;
}

using JoinTable = std::array<Joins, 256>;

// Entry m describes a pixel whose neighbours in m come earlier.
template <Construction kind>
constexpr JoinTable make_joins(bool late) {
    JoinTable table{};
    for (unsigned m = 0; m < 256; ++m) {
        const unsigned set = late ? 255 - m : m;
        const auto& sides = late ? falling_sides : rising_sides;
        table[m] = (kind == Construction::top_cells) == late ? star_of_sides(set, sides) : gaps_of_outline(set, sides);
    }
    return table;
}

template <Construction kind>
inline constexpr JoinTable early_joins = make_joins<kind>(false);
template <Construction kind>
inline constexpr JoinTable late_joins = make_joins<kind>(true);

// ---- an image and its order

// For each pixel, which neighbours come earlier; outside of the image all come later.
template <class Real>
class OrderedImage {
    using Key = OrderKey<Real>;

public:
    OrderedImage(std::int64_t height, std::int64_t width)
        : height_(height), width_(width), masks_(static_cast<std::size_t>(height * width)),
          rows_(3 * (static_cast<std::size_t>(width) + 2)) {}

    // The image must outlive the calls that follow.
    void read(const Real* image) {
        constexpr Key latest = std::numeric_limits<Key>::max();
        image_ = image;
        std::fill(rows_.begin(), rows_.end(), latest);
        std::array<Key*, 3> row{rows_.data() + 1, rows_.data() + width_ + 3, rows_.data() + 2 * width_ + 5};
        pixel_keys(image, width_, Key{0}, row[1]);
        for (std::int64_t r = 0; r < height_; ++r) {
            if (r + 1 < height_)
                pixel_keys(image + (r + 1) * width_, width_, Key{0}, row[2]);
            else
                std::fill(row[2], row[2] + width_, latest);
            earlier_masks(row[0], row[1], row[2], width_, masks_.data() + r * width_);
            std::rotate(row.begin(), row.begin() + 1, row.end());
        }
    }

    std::int64_t height() const { return height_; }
    std::int64_t width() const { return width_; }
    std::uint8_t earlier(std::int32_t pixel) const { return masks_[static_cast<std::size_t>(pixel)]; }
    Real value(std::int32_t pixel) const { return image_[pixel]; }
    Key key(std::int32_t pixel) const { return order_key(image_[pixel]); }
    bool before(std::int32_t a, std::int32_t b) const { return key(a) != key(b) ? key(a) < key(b) : a < b; }

    // Pixels whose entry in a table of the earlier neighbours has a count of `least` to `most`, in their order.
    template <class Table>
    void list(const Table& table, int least, int most, std::vector<std::int32_t>& pixels) const {
        std::array<std::uint8_t, 256> chosen;
        for (std::size_t m = 0; m < 256; ++m) chosen[m] = table[m].count >= least && table[m].count <= most;
        pixels.resize(masks_.size());
        std::size_t count = 0;
        for (std::size_t p = 0; p < masks_.size(); ++p) {
            pixels[count] = static_cast<std::int32_t>(p);
            count += chosen[masks_[p]];
        }
        pixels.resize(count);
    }

private:
    std::int64_t height_, width_;
    const Real* image_ = nullptr;
    std::vector<std::uint8_t> masks_;
    std::vector<Key> rows_;
};

// ---- basins of one image after another, all of the same shape

// The basins of a and b meet at a pixel.
template <class Key>
struct BasinJoin {
    Key key;
    std::int32_t pixel;
    std::int32_t a;
    std::int32_t b;
};

template <class Real, Construction kind>
class Basins {
    using Key = OrderKey<Real>;
    using Index = std::int32_t;
    static constexpr Index unknown = -1;

public:
    static constexpr Index frame = 0;  // late basin of everything outside of the image, and of the border

    Basins(std::int64_t height, std::int64_t width)
        : height_(static_cast<Index>(height)), width_(static_cast<Index>(width)), size_(height_ * width_),
          labels_(static_cast<std::size_t>(size_)) {
        for (std::size_t k = 0; k < 8; ++k) step_[k] = row_step[k] * width_ + column_step[k];
    }

    // Basins of minima, joined from early to late.
    void find_early(const OrderedImage<Real>& image) {
        start(image, false);
        list_joins(early_joins<kind>);
    }

    // Basins of maxima and of the frame, joined from late to early.
    void find_late(const OrderedImage<Real>& image) {
        start(image, true);
        label_frame();
        list_joins(late_joins<kind>);
    }

    bool late() const { return late_; }
    Index count() const { return count_; }
    const std::vector<BasinJoin<Key>>& joins() const { return joins_; }

    // The basin of a pixel; may be a new one.
    Index of(Index pixel) {
        const auto onward = [&](Index p) { return p + step_[(*arcs_)[image_->earlier(p)].member[0]]; };
        Index end = pixel;
        while (label(end) == unknown && (*arcs_)[image_->earlier(end)].count > 0) end = onward(end);
        if (label(end) == unknown) label(end) = count_++;
        const Index found = label(end);
        for (Index p = pixel; label(p) == unknown; p = onward(p)) label(p) = found;
        return found;
    }

private:
    Index& label(Index pixel) { return labels_[static_cast<std::size_t>(pixel)]; }

    void start(const OrderedImage<Real>& image, bool late) {
        image_ = &image;
        late_ = late;
        arcs_ = late ? &late_arcs<kind> : &early_arcs<kind>;
        std::fill(labels_.begin(), labels_.end(), unknown);
        count_ = 0;
    }

    void label_frame() {
        count_ = 1;
        std::fill_n(labels_.begin(), width_, frame);
        std::fill_n(labels_.end() - width_, width_, frame);
        for (Index p = 0; p < size_; p += width_) label(p) = label(p + width_ - 1) = frame;
    }

    void list_joins(const JoinTable& table) {
        joins_.clear();
        image_->list(table, 1, 3, saddles_);
        if (late_) std::reverse(saddles_.begin(), saddles_.end());
        for (const Index pixel : saddles_) {
            const Joins& here = table[image_->earlier(pixel)];
            for (std::size_t j = 0; j < here.count; ++j) {
                const Index a = neighbour_basin(pixel, here.members[j][0]);
                const Index b = neighbour_basin(pixel, here.members[j][1]);
                const Key key = image_->key(pixel);
                if (a != b) joins_.push_back({late_ ? static_cast<Key>(~key) : key, pixel, a, b});
            }
        }
        sort_joins();
    }

    Index neighbour_basin(Index pixel, std::uint8_t neighbour) {
        if (late_) {
            const Index r = pixel / width_ + row_step[neighbour], c = pixel % width_ + column_step[neighbour];
            if (r < 0 || c < 0 || r >= height_ || c >= width_) return frame;
        }
        return of(pixel + step_[neighbour]);
    }

    // Joins of equal value stay in the order in which they were listed.
    void sort_joins() {
        if (joins_.size() < radix_from)
            return std::stable_sort(joins_.begin(), joins_.end(),
                                    [](const auto& a, const auto& b) { return a.key < b.key; });
        using Unsigned = std::make_unsigned_t<Key>;
        constexpr int bits = 8 * static_cast<int>(sizeof(Key));
        radix_sort(joins_, spare_, bits,
                   [](const auto& join) { return static_cast<Unsigned>(join.key) ^ Unsigned{1} << (bits - 1); });
    }

    Index height_, width_, size_, count_ = 0;
    const OrderedImage<Real>* image_ = nullptr;
    const ArcTable* arcs_ = nullptr;
    bool late_ = false;
    std::array<Index, 8> step_{};
    std::vector<Index> labels_, saddles_;
    std::vector<BasinJoin<Key>> joins_, spare_;
};

// ---- merging

// Components of basins, each named by its first (last) pixel in the order of some image, frame excepted. Only extrema
// of that image give names: another pixel has an elder neighbour, which names its component unless it has not entered
// yet, and then the bar is empty.
template <class Real, Construction kind>
class BasinNames {
    using Index = std::int32_t;

public:
    static constexpr Index nobody = -2;
    static constexpr Index outside = -1;  // later than all pixels

    // The image need not be the one that the basins are of.
    void start(Basins<Real, kind>& basins, const OrderedImage<Real>& image) {
        image_ = &image;
        late_ = basins.late();
        image.list(late_ ? late_arcs<kind> : early_arcs<kind>, 0, 0, extrema_);
        name_.assign(static_cast<std::size_t>(basins.count()), nobody);
        if (late_) name_[Basins<Real, kind>::frame] = outside;
        for (const Index p : extrema_) {
            const auto basin = static_cast<std::size_t>(basins.of(p));
            if (basin >= name_.size()) name_.resize(basin + 1, nobody);
            name_[basin] = elder(p, name_[basin]);
        }
        basins_ = &basins;
    }

    // Gives the merged component the elder name and returns the younger one, or nobody.
    Index merge(Index child_root, Index root) {
        name_.resize(static_cast<std::size_t>(basins_->count()), nobody);
        const Index a = name_[static_cast<std::size_t>(child_root)], b = name_[static_cast<std::size_t>(root)];
        const Index kept = elder(a, b);
        name_[static_cast<std::size_t>(root)] = kept;
        return kept == a ? b : a;
    }

private:
    Index elder(Index a, Index b) const {
        if (a == nobody || b == nobody) return a == nobody ? b : a;
        if (a == outside || b == outside) return outside;
        return image_->before(a, b) != late_ ? a : b;
    }

    const OrderedImage<Real>* image_ = nullptr;
    const Basins<Real, kind>* basins_ = nullptr;
    bool late_ = false;
    std::vector<Index> extrema_, name_;
};

}  // namespace topolens
