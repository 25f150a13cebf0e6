// Image persistence of volumes: what of the sublevel sets of `inner` lives on in those of `outer` (inner >= outer at
// every voxel).
//
// The textbook reduces the boundary matrix with columns in the order of outer and pivots in the order of inner. In
// dimension 0 this is union-find along the edges of outer, components named by their first vertex in inner; in
// dimension 2, on the dual, union-find across the squares of inner, falling, components named by their last cube in
// outer. In dimension 1 columns are reduced, without those that come out empty whichever the order of rows, and
// without the rows that are never pivots whichever the order of columns.
#pragma once

#include <algorithm>
#include <cstdint>

#include "box_cells.hpp"
#include "box_filtration.hpp"
#include "box_loops.hpp"
#include "box_merges.hpp"
#include "pairs.hpp"

namespace topolens {

// event(birth, death) for the cells of each bar in dimension dim, those that never end excepted; also for bars that end
// before they start, or at that moment.
template <class Real, class Event>
void pair_all_cells(BoxFiltration<Real>& inner, BoxFiltration<Real>& outer, int dim, LoopPairs& loops, Event&& event) {
    if (dim == 0) pair_vertices(inner.grid(), inner.cells(0), outer.cells(1), event);
    if (dim == 1) loops.pair(inner.grid(), inner.cells(1), inner.joins(), outer.cells(2), outer.voids(), event);
    if (dim == 2) pair_cubes(inner.grid(), inner.cells(2), outer.cells(3), event);
}

// The same for bars of positive length.
template <class Real, class Event>
void pair_cells(BoxFiltration<Real>& inner, BoxFiltration<Real>& outer, int dim, LoopPairs& loops, Event&& event) {
    pair_all_cells(inner, outer, dim, loops, [&](std::int32_t birth, std::int32_t death) {
        if (inner.value(dim, birth) < outer.value(dim + 1, death)) event(birth, death);
    });
}

// Bars of one pair of volumes after another, all of the same shape; buffers live as long as the object.
template <class Real>
class VolumeImagePairs {
public:
    // Requires 3 (depth + 1) (height + 1) (width + 1) < 2^31.
    VolumeImagePairs(std::int64_t depth, std::int64_t height, std::int64_t width, Construction kind)
        : size_(depth * height * width), grid_(depth, height, width, kind), inner_(grid_, depth, height, width),
          outer_(grid_, depth, height, width) {}

    VolumeImagePairs(const VolumeImagePairs&) = delete;
    VolumeImagePairs& operator=(const VolumeImagePairs&) = delete;

    // Bars of positive length in order of (dimension, birth, death): births are voxels of inner, deaths of outer.
    void compute(const Real* inner, const Real* outer, int max_dim, Pairs& pairs) {
        pairs.clear();
        if (size_ == 0) return;
        inner_.read(inner);
        outer_.read(outer);
        pairs.push_back({0, inner_.first_voxel(), never});
        for (int dim = 0; dim <= std::min(max_dim, 2); ++dim)
            pair_cells(inner_, outer_, dim, loops_, [&](std::int32_t birth, std::int32_t death) {
                pairs.push_back({dim, inner_.voxel(dim, birth), outer_.voxel(dim + 1, death)});
            });
        std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
            if (a.dim != b.dim) return a.dim < b.dim;
            return a.birth != b.birth ? a.birth < b.birth : a.death < b.death;
        });
    }

private:
    std::int64_t size_;
    BoxGrid grid_;
    BoxFiltration<Real> inner_, outer_;
    LoopPairs loops_;
};

}  // namespace topolens
