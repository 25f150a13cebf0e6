// Regions where a binary image and its target differ, and which of them matter for topology.
//
// The images are P and Y. A region of P \ Y (false positive) or Y \ P (false negative) is regular if it touches exactly
// one component of the background of both and exactly one of the foreground of the other image; otherwise critical.
// Outside the image all is background.
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
        : height_(height), width_(width), pitch_(width + 2), wide_(wide), steps_{-pitch_ - 1, -pitch_, -pitch_ + 1, -1,
          1, pitch_ - 1, pitch_, pitch_ + 1}, regions_(0), clusters_{UnionFind<Index>(0), UnionFind<Index>(0)} {
        colour_.resize(static_cast<std::size_t>((height + 2) * pitch_));
    }

    // Writes for each pixel k > 0 in the k-th critical region, k < 0 in the (-k)-th regular one, 0 where P = Y.
    // Regions are numbered by their first pixels. Returns how many are critical.
    std::int32_t compute(const std::uint8_t* prediction, const std::uint8_t* target, std::int32_t* numbers) {
        if (!paint(prediction, target)) {
            std::fill(numbers, numbers + height_ * width_, 0);
            return 0;
        }
        const auto cells = static_cast<std::int64_t>(colour_.size());
        regions_.reset(cells);
        for (auto& clusters : clusters_) clusters.reset(cells);
        join_rim();
        for_pixels([&](Index i) { join_back(i); });
        count_neighbours();
        return number(numbers);
    }

private:
    using Index = std::int32_t;
    enum Colour : std::uint8_t { agreed_background = 0, false_positive = 1, false_negative = 2, agreed_foreground = 3 };

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

    // Visits the pixels in order; a frame of background lies around them.
    template <class Visit>
    void for_pixels(Visit&& visit) {
        for (std::int64_t y = 1; y <= height_; ++y)
            for (std::int64_t x = 1; x <= width_; ++x) visit(static_cast<Index>(y * pitch_ + x));
    }

    // Colours from both images; whether they differ somewhere.
    bool paint(const std::uint8_t* prediction, const std::uint8_t* target) {
        bool differ = false;
        for (std::int64_t y = 0; y < height_; ++y)
            for (std::int64_t x = 0; x < width_; ++x) {
                const bool p = prediction[y * width_ + x] != 0, t = target[y * width_ + x] != 0;
                differ |= p != t;
                colour(static_cast<Index>((y + 1) * pitch_ + x + 1)) = static_cast<std::uint8_t>(p + 2 * t);
            }
        return differ;
    }

    // Makes the frame one region, together with the background next to it.
    void join_rim() {
        const auto take = [&](std::int64_t y, std::int64_t x) {
            const auto i = static_cast<Index>(y * pitch_ + x);
            if (colour(i) == agreed_background) join(regions_, 0, i);
        };
        for (const std::int64_t y : {std::int64_t{0}, std::int64_t{1}, height_, height_ + 1})
            for (std::int64_t x = 0; x < pitch_; ++x) take(y, x);
        for (std::int64_t y = 2; y < height_; ++y)
            for (const std::int64_t x : {std::int64_t{0}, std::int64_t{1}, width_, width_ + 1}) take(y, x);
    }

    // Joins a pixel to those of its neighbours that come before it.
    void join_back(Index i) {
        const std::uint8_t own = colour(i);
        for (int s = 0; s < 4; ++s) {
            const auto j = static_cast<Index>(i + steps_[static_cast<std::size_t>(s)]);
            const std::uint8_t other = colour(j);
            const bool corner = s == 0 || s == 2;
            if (own == other && own != agreed_foreground && (!corner || corner_joins(own, i, j))) join(regions_, i, j);
            for (const std::uint8_t image : {false_positive, false_negative})
                if ((own & other & image) && (!corner || wide_)) join(clusters_[image - 1U], i, j);
        }
    }

    // Whether two pixels of one colour that meet at a corner belong together: wrong ones do unless the other two pixels
    // part them, as foreground of the other image where foreground is wide, as background of both where that is wide.
    bool corner_joins(std::uint8_t own, Index i, Index j) {
        if (own == agreed_background) return !wide_;
        const Index row = static_cast<Index>(i - pitch_);
        const std::uint8_t above = colour(row), beside = colour(static_cast<Index>(j + pitch_));
        return wide_ ? !(above & beside & other_image(own)) : (above | beside) != agreed_background;
    }

    static std::uint8_t other_image(std::uint8_t wrong) { return static_cast<std::uint8_t>(3 - wrong); }

    void count_neighbours() {
        found_.clear();
        place_.assign(colour_.size(), 0);
        for_pixels([&](Index i) {
            const std::uint8_t own = colour(i);
            if (own == agreed_background || own == agreed_foreground) return;
            const Index root = regions_.find(i);
            if (root == i) {
                place_[static_cast<std::size_t>(i)] = static_cast<Index>(found_.size());
                found_.emplace_back();
            }
            Region& region = found_[static_cast<std::size_t>(place_[static_cast<std::size_t>(root)])];
            if (region.background.seen == Tally::several || region.foreground.seen == Tally::several) return;
            for (std::size_t s = 0; s < steps_.size(); ++s) {
                const auto j = static_cast<Index>(i + steps_[s]);
                const bool corner = s == 0 || s == 2 || s == 5 || s == 7;
                const std::uint8_t other = colour(j);
                if (other == agreed_background && (!corner || !wide_)) region.background.note(regions_.find(j));
                if ((other & other_image(own)) && (!corner || wide_))
                    region.foreground.note(clusters_[other_image(own) - 1U].find(j));
            }
        });
    }

    std::int32_t number(std::int32_t* numbers) {
        std::int32_t critical = 0, regular = 0;
        for (Region& region : found_) region.number = region.critical() ? ++critical : --regular;
        for_pixels([&](Index i) {
            const std::uint8_t own = colour(i);
            const bool wrong = own == false_positive || own == false_negative;
            *numbers++ = wrong ? found_[static_cast<std::size_t>(place_[static_cast<std::size_t>(regions_.find(i))])].number : 0;
        });
        return critical;
    }

    // The root of a set is its first pixel.
    static void join(UnionFind<Index>& sets, Index i, Index j) {
        const Index a = sets.find(i), b = sets.find(j);
        if (a < b) sets.attach(b, a);
        else if (b < a) sets.attach(a, b);
    }

    std::uint8_t& colour(Index i) { return colour_[static_cast<std::size_t>(i)]; }

    std::int64_t height_, width_, pitch_;
    bool wide_;
    std::array<std::int64_t, 8> steps_;
    std::vector<std::uint8_t> colour_;
    UnionFind<Index> regions_;
    std::array<UnionFind<Index>, 2> clusters_;  // of the foreground of P, and of Y
    std::vector<Region> found_;
    std::vector<Index> place_;  // of the region whose first pixel this is
};

}  // namespace topolens
