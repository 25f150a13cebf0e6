// The matching of the bars of two images f and g that their inclusions in a third one, h <= min(f, g), induce.
//
// A bar of f goes to the bar of the image of H(f) -> H(h) that starts with the same cell, and this one to the bar of h
// that ends with the same cell; likewise for g. Bars of f and g that reach the same bar of h are matched. Several
// cells of one pixel may start or end bars, so pixels do not say which cells are the same. The merges do: a bar of h in
// dimension 0, and the bars of both images that end with the same cell, are lost in one merge of the components of
// h; a bar of f in dimension 1, and the bar of its image that starts with the same cell, in one merge on the dual of
// f. What is left is one cell per pixel: a minimum that names components, a maximum that names holes.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <vector>

#include "basins.hpp"
#include "image_pairs.hpp"
#include "pairs.hpp"
#include "union_find.hpp"

namespace topolens {

inline constexpr CellIndex absent = -2;  // birth and death where a bar has no partner

struct BarMatch {
    std::int64_t dim;
    std::array<CellIndex, 4> cells;  // birth and death in f, birth and death in g
    auto operator<=>(const BarMatch&) const = default;
};

// Matchings of one triple of images after another, all of the same shape; buffers live as long as the object.
template <class Real, Construction kind>
class BarMatching {
    using Index = std::int32_t;

public:
    // Requires height * width < 2^31 - 1.
    BarMatching(std::int64_t height, std::int64_t width)
        : size_(height * width), f_(height, width), g_(height, width), h_(height, width), basins_(height, width),
          of_f_(static_cast<std::size_t>(size_)), of_g_(static_cast<std::size_t>(size_)) {}

    // All bars of positive length of f and g, matched ones side by side, in order of dimension and cells.
    void compute(const Real* f, const Real* g, const Real* h, int max_dim, std::vector<BarMatch>& matches) {
        matches.clear();
        if (size_ == 0) return;
        f_.read(f);
        g_.read(g);
        h_.read(h);
        match_components(matches);
        matches.push_back({0, {first_pixel(f), never, first_pixel(g), never}});
        if (max_dim >= 1) match_holes(matches);
        std::sort(matches.begin(), matches.end());
    }

private:
    static constexpr Index none = -1;

    // A bar, or none where birth is.
    struct Bar {
        Index birth = none;
        Index death = none;
    };

    std::int64_t first_pixel(const Real* image) const { return std::min_element(image, image + size_) - image; }

    // Bars of dimension 0, by the pixel of birth.
    void list_components(const OrderedImage<Real>& image, std::vector<Bar>& bars) {
        std::fill(bars.begin(), bars.end(), Bar{});
        basins_.find_early(image);
        names_.start(basins_, image);
        merge_basins(
            basins_, components_,
            [&](Index pixel, Index younger) {
                if (younger >= 0 && image.value(younger) < image.value(pixel))
                    bars[static_cast<std::size_t>(younger)] = {younger, pixel};
            },
            names_);
    }

    void match_components(std::vector<BarMatch>& matches) {
        list_components(f_, of_f_);
        list_components(g_, of_g_);
        basins_.find_early(h_);
        names_.start(basins_, f_);
        more_names_.start(basins_, g_);
        merge_basins(
            basins_, components_,
            [&](Index pixel, Index in_f, Index in_g) {
                if (in_f < 0 || in_g < 0) return;
                if (f_.value(in_f) < h_.value(pixel) && g_.value(in_g) < h_.value(pixel))
                    take_both(0, of_f_[static_cast<std::size_t>(in_f)], of_g_[static_cast<std::size_t>(in_g)], matches);
            },
            names_, more_names_);
        for (const Bar& bar : of_f_) add_alone_f(0, bar, matches);
        for (const Bar& bar : of_g_) add_alone_g(0, bar, matches);
    }

    // Bars of dimension 1, by the pixel that ends the bar of the image in h; those that have none there go to `alone`.
    template <class Alone>
    void list_holes(const OrderedImage<Real>& image, std::vector<Bar>& bars, Alone&& alone) {
        std::fill(bars.begin(), bars.end(), Bar{});
        basins_.find_late(image);
        names_.start(basins_, image);
        more_names_.start(basins_, h_);
        merge_basins(
            basins_, components_,
            [&](Index pixel, Index own, Index in_h) {
                if (in_h >= 0 && image.value(pixel) < h_.value(in_h))
                    bars[static_cast<std::size_t>(in_h)] = {pixel, own};
                else if (own >= 0 && image.value(pixel) < image.value(own))
                    alone(Bar{pixel, own});
            },
            names_, more_names_);
    }

    void match_holes(std::vector<BarMatch>& matches) {
        list_holes(f_, of_f_, [&](const Bar& bar) { add_alone_f(1, bar, matches); });
        list_holes(g_, of_g_, [&](const Bar& bar) { add_alone_g(1, bar, matches); });
        for (std::size_t pixel = 0; pixel < of_f_.size(); ++pixel) {
            if (of_f_[pixel].birth != none && of_g_[pixel].birth != none)
                take_both(1, of_f_[pixel], of_g_[pixel], matches);
            add_alone_f(1, of_f_[pixel], matches);
            add_alone_g(1, of_g_[pixel], matches);
        }
    }

    static void take_both(std::int64_t dim, Bar& in_f, Bar& in_g, std::vector<BarMatch>& matches) {
        matches.push_back({dim, {in_f.birth, in_f.death, in_g.birth, in_g.death}});
        in_f = in_g = Bar{};
    }

    static void add_alone_f(std::int64_t dim, const Bar& bar, std::vector<BarMatch>& matches) {
        if (bar.birth != none) matches.push_back({dim, {bar.birth, bar.death, absent, absent}});
    }

    static void add_alone_g(std::int64_t dim, const Bar& bar, std::vector<BarMatch>& matches) {
        if (bar.birth != none) matches.push_back({dim, {absent, absent, bar.birth, bar.death}});
    }

    std::int64_t size_;
    OrderedImage<Real> f_, g_, h_;
    Basins<Real, kind> basins_;
    BasinNames<Real, kind> names_, more_names_;
    UnionFind<Index> components_{0};
    std::vector<Bar> of_f_, of_g_;
};

}  // namespace topolens
