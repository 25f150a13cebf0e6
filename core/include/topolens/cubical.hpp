// Persistence pairs of two-dimensional images, from their saddles alone.
//
// Pixels are ordered by (value, flat index). Which of its eight neighbours come earlier decides what a pixel
// does to the topology; only saddles can merge components or close loops. From each saddle ever earlier
// (later) neighbours lead to the minima (maxima) of the components that it touches. These are nodes, the
// saddles links of a graph that is merged by the elder rule: dimension 0 in rising order, dimension 1 in
// falling order on the dual, where everything outside the image is one node that is older than all pixels.
// There only saddles count that joined a component with itself.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include "bar_columns.hpp"
#include "elder_merge.hpp"
#include "pixel_arcs.hpp"
#include "pixel_order.hpp"
#include "raw_array.hpp"
#include "simd.hpp"
#include "threads.hpp"

namespace topolens {

// Bit k of flags says whether pixel k is a saddle; eight pixels to a byte.
template <Construction kind>
TOPOLENS_VECTORISED void saddle_flags(const std::uint64_t* masks, std::int64_t bytes, std::uint8_t* __restrict flags) {
    for (std::int64_t k = 0; k < bytes; ++k) flags[k] = saddle_bits<kind>(masks[k]);
}

// Bars of one image after another, all of the same shape; buffers live as long as the object.
template <class Pixel, Construction kind>
class CubicalPairs {
    using Key = KeyOf<Pixel>;
    using Height = HeightOf<Pixel>;
    using Index = std::int32_t;
    using Link = typename ElderMerge<Height>::Link;
    static constexpr bool early = false, late = true;  // the two directions of walks
    static constexpr Index frame = 0;                  // what lies outside the image, first of the late nodes
    static constexpr Index none = -1, empty = -2, dropped = -3;

public:
    // Requires height * width < 2^31 - 1. Bars do not depend on the number of threads.
    CubicalPairs(std::int64_t height, std::int64_t width, int threads = 1)
        : threads_(threads), height_(static_cast<Index>(height)), width_(static_cast<Index>(width)),
          size_(height_ * width_), stride_((width_ + 31) / 32 * 32), words_((as_size(size_) + 63) / 64),
          masks_(8 * words_ + 4), flags_(8 * words_), labels_(RawArray<Index>::zeros(as_size(size_))),
          starts_(as_size(size_) + 1) {
        for (std::size_t k = 0; k < 8; ++k) step_[k] = row_step[k] * width_ + column_step[k];
        for (std::size_t m = 0; m < 256; ++m) {
            set_steps(early, m, early_arcs<kind>[m]);
            set_steps(late, m, late_arcs<kind>[m]);
        }
    }

    // Appends the bars in order of (dimension, birth, death), those of no length and those born at +inf left
    // out; a bar that would end at +inf never does. With `superlevel`, falling values take the place of rising.
    void compute(const Pixel* image, bool superlevel, int max_dim, std::int64_t item, BarColumns& bars) {
        if (size_ == 0) return;
        image_ = image;
        flip_ = superlevel ? static_cast<Key>(~Key{0}) : Key{0};
        read_masks();
        find_saddles();
        // Where saddles are dense, naming every pixel's extremum in one pass is cheaper than walking.
        dense_ = saddle_count_ > size_ / 16;
        run(dense_ ? link_early<true>() : link_early<false>());
        store_components(item, bars);
        if (max_dim < 1) return;
        run(dense_ ? link_late<true>() : link_late<false>());
        store_loops(item, bars);
    }

private:
    static constexpr std::size_t as_size(Index n) { return static_cast<std::size_t>(n); }
    std::uint8_t mask(Index pixel) const { return reinterpret_cast<const std::uint8_t*>(masks_.data())[pixel]; }
    Height height(Index pixel) const {
        return height_of_key<Pixel>(static_cast<Key>(PixelKey<Pixel>::of(image_[pixel]) ^ flip_));
    }
    static constexpr bool is_infinite(Height height) {
        if constexpr (PixelKey<Pixel>::has_infinity)
            return height == height_of_key<Pixel>(PixelKey<Pixel>::of(std::numeric_limits<Pixel>::infinity()));
        return false;
    }

    void set_steps(bool direction, std::size_t m, const Arcs& arcs) {
        const int onward = arcs.member[0];
        onward_[direction][m] = arcs.count == 0 ? 0 : step_[as_size(onward)];
        behind_[direction][m] = arcs.count == 0 || !is_behind(onward) ? 0 : step_[as_size(onward)];
    }

    void read_masks() {
        // A quarter of a million pixels take as long as a few starts of a thread.
        const auto useful = static_cast<int>(std::min<Index>(threads_, 1 + size_ / (1 << 18)));
        rows_.reserve(as_size(useful) * 3 * (as_size(stride_) + 2));
        std::fill_n(rows_.data(), as_size(useful) * 3 * (as_size(stride_) + 2), Key{0});
        parallel_chunks(useful, useful, [&](std::int64_t band, std::int64_t) {
            const std::int64_t rows = height_;
            read_band(static_cast<Index>(rows * band / useful), static_cast<Index>(rows * (band + 1) / useful),
                      rows_.data() + as_size(static_cast<Index>(band)) * 3 * (as_size(stride_) + 2));
        });
        auto* masks = reinterpret_cast<std::uint8_t*>(masks_.data());
        std::fill(masks + size_, masks + 64 * words_, std::uint8_t{255});  // no saddles beyond the last pixel
    }

    // Keys of three rows at a time. What lies outside the image is later than every pixel. Rows are worked on in
    // whole vectors; what that writes behind the end of a row, the next row of the band puts right.
    void read_band(Index begin, Index end, Key* rows) {
        const std::size_t step = as_size(stride_) + 2;
        std::array<Key*, 3> row{rows + 1, rows + step + 1, rows + 2 * step + 1};
        auto* masks = reinterpret_cast<std::uint8_t*>(masks_.data());
        if (begin > 0) read_keys((begin - 1) * width_, row[0]);
        read_keys(begin * width_, row[1]);
        for (Index r = begin; r < end; ++r) {
            std::uint8_t* here = masks + std::int64_t{r} * width_;
            if (r + 1 < height_) read_keys((r + 1) * width_, row[2]);
            const bool is_seam = r + 1 == end && end < height_;
            earlier_masks(row[0], row[1], row[2], is_seam ? width_ : stride_, here);
            if (r == 0) clear_bits(here, 0b10000011);
            if (r + 1 == height_) clear_bits(here, 0b00111000);
            here[0] &= static_cast<std::uint8_t>(~0b11100000);
            here[width_ - 1] &= static_cast<std::uint8_t>(~0b00001110);
            std::rotate(row.begin(), row.begin() + 1, row.end());
        }
    }

    void read_keys(Index pixel, Key* keys) const {
        pixel_keys(image_ + pixel, std::min(stride_, size_ - pixel), flip_, keys);
    }

    void clear_bits(std::uint8_t* row, unsigned bits) const {
        for (Index c = 0; c < width_; ++c) row[c] &= static_cast<std::uint8_t>(~bits);
    }

    void find_saddles() {
        saddle_flags<kind>(masks_.data(), static_cast<std::int64_t>(8 * words_), flags_.data());
        saddle_count_ = 0;
        for (std::size_t w = 0; w < words_; ++w) {
            std::uint64_t flags;
            std::memcpy(&flags, flags_.data() + 8 * w, 8);
            if (flags == 0) continue;
            saddles_.reserve(as_size(saddle_count_) + 64);
            for (; flags != 0; flags &= flags - 1)
                saddles_[as_size(saddle_count_++)] = static_cast<Index>(64 * w) + std::countr_zero(flags);
        }
        heights_.reserve(as_size(saddle_count_));
        open_.reserve(as_size(saddle_count_));
    }

    // ---- extrema

    void run(std::size_t link_count) { merge_.run(nodes_.data(), node_count_, link_count); }

    template <bool direction>
    Rank<Height> age_at(Index pixel) const {
        const auto place = static_cast<std::uint32_t>(pixel);
        if constexpr (direction == early) return rank_of(height(pixel), place);
        return rank_of(static_cast<Height>(~height(pixel)), ~place);
    }
    Index pixel_of(Index id, bool direction) const {
        const std::uint32_t place = index_of(merge_.age(id));
        return static_cast<Index>(direction == early ? place : ~place);
    }

    // Gives every pixel the label of the neighbour behind it that leads to its extremum. Where the way goes
    // ahead, or ends, a label starts; `targets_` then says which label, and in the end which node, it leads to.
    template <bool direction>
    void label_all() {
        const Index border = direction == late;
        const auto& behind = behind_[direction];
        const auto* masks = reinterpret_cast<const std::uint8_t*>(masks_.data());
        Index *labels = labels_.data(), *starts = starts_.data();
        Index count = border;
        if constexpr (direction == late) label_border(frame);
        for (Index r = border; r < height_ - border; ++r) {
            const Index end = (r + 1) * width_ - border;
            for (Index p = r * width_ + border; p < end; ++p) {
                const Index back = behind[masks[p]], is_start = -Index{back == 0};  // all ones or zero
                labels[p] = (labels[p + back] & ~is_start) | (count & is_start);
                starts[count] = p;
                count -= is_start;
            }
        }
        resolve<direction>(count);
        floor_ = std::max(floor_, count);  // these labels mean nothing to later walks
    }

    template <bool direction>
    void resolve(Index count) {
        targets_.reserve(as_size(count));
        start_merge<direction>(as_size(count));
        const Index *labels = labels_.data(), *starts = starts_.data();
        Index *targets = targets_.data(), *nodes = nodes_.data();
        Rank<Height>* ages = merge_.ages();
        std::size_t node_count = node_count_;
        if constexpr (direction == late) targets[frame] = frame;
        for (Index k = direction == late; k < count; ++k) {
            const Index pixel = starts[k], ahead = onward_[direction][mask(pixel)];
            targets[k] = labels[pixel + ahead];  // k itself at an extremum
            ages[k] = age_at<direction>(pixel);
            nodes[node_count] = k;
            node_count += ahead == 0;
        }
        node_count_ = node_count;
        for (Index k = 0; k < count; ++k) targets[k] = end_of(targets, k);
    }

    template <bool direction>
    void start_merge(std::size_t nodes) {
        nodes_.reserve(nodes + 1);
        node_count_ = 0;
        merge_.reserve(nodes, 3 * as_size(saddle_count_));
        if constexpr (direction == late) {
            nodes_[node_count_++] = frame;
            merge_.ages()[frame] = rank_of(Height{0}, 0);
        }
    }

    void label_border(Index label) {
        std::fill_n(labels_.data(), width_, label);
        std::fill_n(labels_.data() + size_ - width_, width_, label);
        for (Index p = 0; p < size_; p += width_) labels_[as_size(p)] = labels_[as_size(p + width_ - 1)] = label;
    }

    // Before walks: labels below `floor_` are those of earlier images and directions.
    template <bool direction>
    void forget_labels() {
        if (floor_ > std::numeric_limits<Index>::max() / 2) {
            std::fill_n(labels_.data(), size_, 0);
            floor_ = 0;
        }
        floor_ += walked_ + 1;
        walked_ = 0;
        start_merge<direction>(4 * as_size(saddle_count_) + 2);
        if constexpr (direction == late) label_border(floor_ + frame);
    }

    // The node that a walk from `pixel` ends in; pixels on the way are labelled for later walks.
    template <bool direction>
    Index walk(Index pixel) {
        const auto& onward = onward_[direction];
        Index end = pixel;
        while (labels_[as_size(end)] < floor_) {
            const Index next = onward[mask(end)];
            if (next == 0) {
                const auto id = static_cast<Index>(node_count_);
                labels_[as_size(end)] = floor_ + id;
                nodes_[node_count_++] = id;
                merge_.ages()[id] = age_at<direction>(end);
                break;
            }
            end += next;
        }
        const Index found = labels_[as_size(end)];
        for (Index p = pixel; labels_[as_size(p)] < floor_; p += onward[mask(p)]) labels_[as_size(p)] = found;
        return found - floor_;
    }

    template <bool direction, bool dense>
    Index node_at(Index pixel) {
        if constexpr (dense) return targets_[as_size(labels_[as_size(pixel)])];
        return walk<direction>(pixel);
    }

    // ---- links

    template <bool dense>
    std::size_t link_early() {
        if constexpr (dense) {
            label_all<early>();
        } else {
            forget_labels<early>();
            walk<early>(0);  // there may be no saddle to walk from
        }
        Link *const begin = merge_.links(), *next = begin;
        const Index count = saddle_count_;
        for (Index s = 0; s < count; ++s) {
            const Index pixel = saddles_[as_size(s)];
            const Arcs& arcs = early_arcs<kind>[mask(pixel)];
            const Height level = heights_[as_size(s)] = height(pixel);
            open_[as_size(s)] = static_cast<std::uint8_t>(arcs.count - 1);
            const Index a = node_at<early, dense>(pixel + step_[arcs.member[0]]);
            for (std::size_t k = 1; k < arcs.count; ++k) {
                const Index b = node_at<early, dense>(pixel + step_[arcs.member[k]]);
                *next = {a, b, s, level};
                next += a != b;
            }
        }
        return static_cast<std::size_t>(next - begin);
    }

    // Latest saddles first. Each loop that a saddle opens gets a slot for its end.
    template <bool dense>
    std::size_t link_late() {
        if constexpr (dense)
            label_all<late>();
        else
            forget_labels<late>();
        slot_count_ = 0;
        Link *const begin = merge_.links(), *next = begin;
        Index row = height_ - 1;
        for (Index s = saddle_count_ - 1; s >= 0; --s) {
            if (open_[as_size(s)] == 0) continue;
            const Index slot = slot_count_, pixel = saddles_[as_size(s)];
            slots_.reserve(as_size(slot) + 3);
            for (unsigned k = 0; k < open_[as_size(s)]; ++k) slots_[as_size(slot_count_++)] = {s, empty};
            while (pixel < row * width_) --row;
            const Arcs& arcs = late_arcs<kind>[mask(pixel)];
            const auto level = static_cast<Height>(~heights_[as_size(s)]);
            const Index a = late_node<dense>(pixel, row, arcs.member[0]);
            for (std::size_t k = 1; k < arcs.count; ++k) {
                const Index b = late_node<dense>(pixel, row, arcs.member[k]);
                *next = {a, b, slot, level};
                next += a != b;
            }
        }
        return static_cast<std::size_t>(next - begin);
    }

    template <bool dense>
    Index late_node(Index pixel, Index row, std::uint8_t neighbour) {
        const Index r = row + row_step[neighbour], c = pixel - row * width_ + column_step[neighbour];
        if (r < 0 || c < 0 || r >= height_ || c >= width_) return frame;
        return node_at<late, dense>(pixel + step_[neighbour]);
    }

    // ---- bars

    void store_components(std::int64_t item, BarColumns& bars) {
        walked_ = static_cast<Index>(node_count_);
        if (!dense_)  // walks find minima in any order
            std::sort(nodes_.data(), nodes_.data() + node_count_,
                      [&](Index a, Index b) { return pixel_of(a, early) < pixel_of(b, early); });
        std::int64_t* const cells = bars.reserve(node_count_);
        std::size_t kept = 0;
        for (std::size_t k = 0; k < node_count_; ++k) {
            const Index s = merge_.ends_at(nodes_[k]);
            const Height birth = height_of(merge_.age(nodes_[k]));
            cells[2 * kept] = pixel_of(nodes_[k], early);
            if (s == none) {
                cells[2 * kept + 1] = never;
                kept += !is_infinite(birth);
                continue;
            }
            --open_[as_size(s)];
            const Height death = heights_[as_size(s)];
            cells[2 * kept + 1] = is_infinite(death) ? never : saddles_[as_size(s)];
            kept += birth != death;
        }
        bars.commit(kept, 0, item);
    }

    void fill_slots() {
        for (std::size_t k = 1; k < node_count_; ++k) {  // node 0 is the frame
            Index slot = merge_.ends_at(nodes_[k]);
            while (slots_[as_size(slot)].death != empty) ++slot;  // a saddle may open up to three loops
            const auto death = static_cast<Height>(~height_of(merge_.age(nodes_[k])));
            const Height birth = heights_[as_size(slots_[as_size(slot)].saddle)];
            const Index pixel = is_infinite(death) ? none : pixel_of(nodes_[k], late);
            slots_[as_size(slot)].death = birth == death ? dropped : pixel;
        }
    }

    void store_loops(std::int64_t item, BarColumns& bars) {
        walked_ = static_cast<Index>(node_count_);
        fill_slots();
        std::int64_t* const cells = bars.reserve(as_size(slot_count_));
        std::size_t kept = 0;
        for (Index k = slot_count_ - 1; k >= 0; --k) {
            const Slot& slot = slots_[as_size(k)];
            std::int64_t* const bar = cells + 2 * kept;
            bar[0] = saddles_[as_size(slot.saddle)];
            bar[1] = slot.death;
            for (std::int64_t* b = bar; b != cells && b[-2] == b[0] && b[-1] > b[1] && slot.death != dropped; b -= 2)
                std::swap(b[-1], b[1]);
            kept += slot.death != dropped;
        }
        bars.commit(kept, 1, item);
    }

    struct Slot {
        Index saddle, death;
    };

    int threads_;
    Index height_, width_, size_;
    const Pixel* image_ = nullptr;
    Key flip_ = 0;
    Index stride_;  // of the rows of keys
    RawArray<Key> rows_;
    std::size_t words_;
    RawArray<std::uint64_t> masks_;  // a byte for each pixel
    RawArray<std::uint8_t> flags_;
    RawArray<Index> labels_, starts_, targets_, nodes_;
    RawArray<Index> saddles_;
    RawArray<Height> heights_;     // of the saddles
    RawArray<std::uint8_t> open_;  // how many of a saddle's links have closed a loop
    RawArray<Slot> slots_;
    bool dense_ = false;
    Index saddle_count_ = 0, slot_count_ = 0, floor_ = 0, walked_ = 0;
    std::size_t node_count_ = 0;
    std::array<Index, 8> step_{};
    std::array<std::array<Index, 256>, 2> onward_{}, behind_{};  // steps to the extremum, 0 at extrema
    ElderMerge<Height> merge_;
};

}  // namespace topolens
