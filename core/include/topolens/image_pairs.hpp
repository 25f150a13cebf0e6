// Image persistence of two-dimensional images.
//
// The sublevel sets of `inner` lie in those of `outer` (inner >= outer at every pixel). A bar of the image of
// H(inner) -> H(outer) starts at a cell of inner and ends at a cell of outer: reduce the boundary matrix with columns
// in the order of outer and pivots in the order of inner. In dimension 0 this is union-find over the joins of outer
// with components named by their first pixel in inner; in dimension 1, on the dual, union-find over the joins of
// inner, falling, with components named by their last pixel in outer.
//
// It is enough to name a basin once, by all its pixels: a pixel that has not entered when two components meet at
// level t has inner >= outer >= t (falling: outer <= inner <= t), so it can only name a bar that is empty anyway.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "basins.hpp"
#include "pairs.hpp"
#include "union_find.hpp"

namespace topolens {

// Merges components of basins in order and tells event(pixel, youngers...) which name of each kind is lost.
template <class BasinsOfImage, class Event, class... Names>
void merge_basins(const BasinsOfImage& basins, UnionFind<std::int32_t>& components, Event&& event, Names&... names) {
    components.reset(basins.count());
    for (const auto& join : basins.joins()) {
        const std::int32_t a = components.find(join.a), b = components.find(join.b);
        if (a == b) continue;
        components.attach(a, b);
        event(join.pixel, names.merge(a, b)...);
    }
}

// Bars of one pair of images after another, all of the same shape; buffers live as long as the object.
template <class Real, Construction kind>
class ImagePairs {
    using Index = std::int32_t;

public:
    // Requires height * width < 2^31 - 1.
    ImagePairs(std::int64_t height, std::int64_t width)
        : size_(height * width), inner_(height, width), outer_(height, width), basins_(height, width) {}

    // Bars of positive length in order of (dimension, birth, death): births are pixels of inner, deaths of outer.
    void compute(const Real* inner, const Real* outer, int max_dim, Pairs& pairs) {
        pairs.clear();
        if (size_ == 0) return;
        inner_.read(inner);
        outer_.read(outer);
        basins_.find_early(outer_);
        names_.start(basins_, inner_);
        merge([&](Index pixel, Index younger) {
            if (younger >= 0 && inner[younger] < outer[pixel]) pairs.push_back({0, younger, pixel});
        });
        pairs.push_back({0, std::min_element(inner, inner + size_) - inner, never});
        if (max_dim >= 1) {
            basins_.find_late(inner_);
            names_.start(basins_, outer_);
            merge([&](Index pixel, Index younger) {
                if (younger >= 0 && inner[pixel] < outer[younger]) pairs.push_back({1, pixel, younger});
            });
        }
        std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
            if (a.dim != b.dim) return a.dim < b.dim;
            return a.birth != b.birth ? a.birth < b.birth : a.death < b.death;
        });
    }

private:
    template <class Event>
    void merge(Event&& event) {
        merge_basins(basins_, components_, event, names_);
    }

    std::int64_t size_;
    OrderedImage<Real> inner_, outer_;
    Basins<Real, kind> basins_;
    BasinNames<Real, kind> names_;
    UnionFind<Index> components_{0};
};

}  // namespace topolens
