// Regions where a binary image and its target differ, and which of them matter for topology.
//
// The images are P and Y. A region of P \ Y (false positive) or Y \ P (false negative) is regular if it touches exactly
// one component of the background of both and exactly one of the foreground of the other image; otherwise critical.
// Outside the image all is background. Sets are joined run by run: a run is a stretch of one colour in a row.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "topolens/union_find.hpp"

namespace topolens {

class RegionGraph {
public:
    // `wide`: the foreground is 8-connected and the background 4-connected; otherwise the reverse.
    RegionGraph(std::int64_t height, std::int64_t width, bool wide)
        : height_(height), width_(width), wide_(wide), regions_(0), clusters_{UnionFind<Index>(0), UnionFind<Index>(0)} {
    }

    // Writes for each pixel k > 0 in the k-th critical region, k < 0 in the (-k)-th regular one, 0 where P = Y.
    // Regions are numbered by their first pixels. Returns how many are critical.
    std::int32_t compute(const std::uint8_t* prediction, const std::uint8_t* target, std::int32_t* numbers) {
        std::fill(numbers, numbers + height_ * width_, 0);
        if (!find_runs(prediction, target)) return 0;
        const auto count = static_cast<std::int64_t>(runs_.size());
        regions_.reset(count);
        for (auto& clusters : clusters_) clusters.reset(count);
        for_contacts([&](Index i, Index j) { join_beside(i, j); },
                     [&](Index i, Index j, Index one, Index other) { join_corner(i, j, one, other); });
        count_neighbours();
        return number(numbers);
    }

private:
    using Index = std::int32_t;
    static constexpr std::uint8_t background = 0, false_positive = 1, false_negative = 2, foreground = 3;

    struct Run {
        Index start;  // column, counted with one column of frame on the left
        std::uint8_t colour;
    };

    // Neighbours of a region of one kind: none, exactly one (its root), or several.
    struct Tally {
        static constexpr Index none = -1, several = -2;
        Index seen = none;
        void note(Index root) {
            if (seen == none) seen = root;
            else if (seen != root) seen = several;
        }
        bool one() const { return seen >= 0; }
    };
    struct Region {
        Tally background, foreground;
        std::int32_t number = 0;
        bool critical() const { return !background.one() || !foreground.one(); }
    };

    static bool wrong(std::uint8_t colour) { return colour == false_positive || colour == false_negative; }
    static std::uint8_t other_image(std::uint8_t wrong) { return static_cast<std::uint8_t>(3 - wrong); }

    // Runs of all rows, the first and the last of them frame; whether the images differ somewhere.
    bool find_runs(const std::uint8_t* prediction, const std::uint8_t* target) {
        bool differ = false;
        runs_.clear();
        rows_.assign(1, 0);
        for (std::int64_t y = -1; y <= height_; ++y) {
            std::uint8_t last = background;
            runs_.push_back({0, last});
            const bool framed = y < 0 || y == height_;
            const std::int64_t start = y * width_, side = framed ? 0 : width_;
            for (std::int64_t x = 0; x < side; ++x) {
                const bool p = prediction[start + x] != 0, t = target[start + x] != 0;
                const auto colour = static_cast<std::uint8_t>(p + 2 * t);
                if (colour == last) continue;
                last = colour;
                differ |= wrong(colour);
                runs_.push_back({static_cast<Index>(x + 1), colour});
            }
            if (last != background) runs_.push_back({static_cast<Index>(width_ + 1), background});
            rows_.push_back(static_cast<Index>(runs_.size()));
        }
        return differ;
    }

    // Calls beside(i, j) for runs i < j that share an edge, and corner(i, j, one, other) for those that meet at a corner
    // of which the other two pixels belong to two other runs. (Otherwise one of these shares an edge with both.)
    template <class Beside, class Corner>
    void for_contacts(Beside&& beside, Corner&& corner) {
        for (std::size_t row = 0; row + 1 < rows_.size(); ++row) {
            for (Index i = rows_[row]; i + 1 < rows_[row + 1]; ++i) beside(i, i + 1);
            if (row + 2 == rows_.size()) continue;
            Index above = rows_[row], below = rows_[row + 1];
            const Index last_above = below - 1, last_below = rows_[row + 2] - 1;
            while (true) {
                beside(above, below);
                const Index end_above = above == last_above ? no_end : start(above + 1);
                const Index end_below = below == last_below ? no_end : start(below + 1);
                if (end_above == no_end && end_below == no_end) break;
                if (end_above == end_below) {
                    corner(above, below + 1, above + 1, below);
                    corner(above + 1, below, above, below + 1);
                }
                above += end_above <= end_below;
                below += end_below <= end_above;
            }
        }
    }

    void join_beside(Index i, Index j) {
        const std::uint8_t own = colour(i), other = colour(j);
        if (own == other && own != foreground) join(regions_, i, j);
        join_clusters(i, j, own & other);
    }

    // Wrong pixels of one colour that meet at a corner belong together unless the other two pixels part them, as
    // foreground of the other image where foreground is wide, as background of both where that is wide.
    void join_corner(Index i, Index j, Index one, Index other) {
        const std::uint8_t own = colour(i), same = colour(j), a = colour(one), b = colour(other);
        if (own == same && own == background && !wide_) join(regions_, i, j);
        if (own == same && wrong(own) && (wide_ ? !(a & b & other_image(own)) : (a | b) != background))
            join(regions_, i, j);
        if (wide_) join_clusters(i, j, own & same);
    }

    void join_clusters(Index i, Index j, int images) {
        if (images & false_positive) join(clusters_[0], i, j);
        if (images & false_negative) join(clusters_[1], i, j);
    }

    void count_neighbours() {
        found_.clear();
        region_.assign(runs_.size(), -1);
        for (Index i = 0; i < static_cast<Index>(runs_.size()); ++i) {
            if (!wrong(colour(i))) continue;
            const Index root = regions_.find(i);  // the first run of its set
            if (root == i) {
                region_[at(i)] = static_cast<Index>(found_.size());
                found_.emplace_back();
            }
            region_[at(i)] = region_[at(root)];
        }
        const auto both = [&](Index i, Index j, bool corner) {
            note(i, j, corner);
            note(j, i, corner);
        };
        for_contacts([&](Index i, Index j) { both(i, j, false); },
                     [&](Index i, Index j, Index, Index) { both(i, j, true); });
    }

    // Tells the region of run i, if it is wrong, that it touches run j.
    void note(Index i, Index j, bool corner) {
        const std::uint8_t own = colour(i), other = colour(j);
        if (!wrong(own)) return;
        Region& region = found_[at(region_[at(i)])];
        if (other == background && (!corner || !wide_)) region.background.note(regions_.find(j));
        if ((other & other_image(own)) && (!corner || wide_))
            region.foreground.note(clusters_[other_image(own) - 1U].find(j));
    }

    std::int32_t number(std::int32_t* numbers) {
        std::int32_t critical = 0, regular = 0;
        for (Region& region : found_) region.number = region.critical() ? ++critical : --regular;
        for (std::int64_t y = 0; y < height_; ++y)
            for (Index i = rows_[at(y + 1)]; i < rows_[at(y + 2)]; ++i)
                if (wrong(colour(i)))  // never the last run of a row, which is frame
                    std::fill(numbers + y * width_ + start(i) - 1, numbers + y * width_ + start(i + 1) - 1,
                              found_[at(region_[at(i)])].number);
        return critical;
    }

    // The root of a set is its first run.
    static void join(UnionFind<Index>& sets, Index i, Index j) {
        const Index a = sets.find(i), b = sets.find(j);
        if (a < b) sets.attach(b, a);
        else if (b < a) sets.attach(a, b);
    }

    static constexpr Index no_end = INT32_MAX;
    static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
    std::uint8_t colour(Index i) const { return runs_[at(i)].colour; }
    Index start(Index i) const { return runs_[at(i)].start; }

    std::int64_t height_, width_;
    bool wide_;
    std::vector<Run> runs_;
    std::vector<Index> rows_;  // row r owns runs rows_[r] to rows_[r + 1] - 1
    UnionFind<Index> regions_;
    std::array<UnionFind<Index>, 2> clusters_;  // of the foreground of P, and of Y
    std::vector<Region> found_;
    std::vector<Index> region_;  // of each wrong run
};

}  // namespace topolens
