// The matching of the bars of two volumes f and g that their inclusions in a third one, h <= min(f, g), induce.
//
// As in bar_matching.hpp, but cells have numbers here: a bar of f goes to the bar of the image of H(f) -> H(h) that
// starts with the same cell, and this one to the bar of h that ends with the same cell; likewise for g.
//
// Published programs also keep bars of the image that end before they start; `valid` says whether these are left out.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "bar_matching.hpp"
#include "box_filtration.hpp"
#include "volume_image_pairs.hpp"

namespace topolens {

// Matchings of one triple of volumes after another, all of the same shape; buffers live as long as the object.
template <class Real>
class VolumeMatching {
public:
    // Requires 3 (depth + 1) (height + 1) (width + 1) < 2^31.
    VolumeMatching(std::int64_t depth, std::int64_t height, std::int64_t width, Construction kind)
        : size_(depth * height * width), grid_(depth, height, width, kind), f_(grid_, depth, height, width),
          g_(grid_, depth, height, width), h_(grid_, depth, height, width) {}

    VolumeMatching(const VolumeMatching&) = delete;
    VolumeMatching& operator=(const VolumeMatching&) = delete;

    // All bars of positive length of f and g, matched ones side by side, in order of dimension and cells.
    void compute(const Real* f, const Real* g, const Real* h, int max_dim, std::vector<BarMatch>& matches,
                 bool valid = true) {
        matches.clear();
        if (size_ == 0) return;
        f_.read(f);
        g_.read(g);
        h_.read(h);
        matches.push_back({0, {f_.first_voxel(), never, g_.first_voxel(), never}});
        for (int dim = 0; dim <= std::min(max_dim, 2); ++dim) match(dim, valid, matches);
        std::sort(matches.begin(), matches.end());
    }

private:
    static constexpr std::int32_t nothing = -1;

    struct Bar {
        std::int32_t birth, death;  // cells
        std::int32_t image_death;   // of the bar of the image that starts with the same cell, or nothing
    };

    // Bars of a volume in the order of the cells that end their images in h.
    std::vector<Bar> list_bars(BoxFiltration<Real>& volume, int dim, bool valid) {
        std::vector<Bar> bars, images;
        const auto collect = [](std::vector<Bar>& to) {
            return [&to](std::int32_t birth, std::int32_t death) { to.push_back({birth, death, nothing}); };
        };
        pair_cells(volume, volume, dim, loops_, collect(bars));
        if (valid)
            pair_cells(volume, h_, dim, loops_, collect(images));
        else
            list_images(volume, dim, images);
        const auto by_birth = [](const Bar& a, const Bar& b) { return a.birth < b.birth; };
        std::sort(bars.begin(), bars.end(), by_birth);
        std::sort(images.begin(), images.end(), by_birth);
        auto bar = bars.begin();
        for (const Bar& image : images) {
            while (bar != bars.end() && bar->birth < image.birth) ++bar;
            if (bar == bars.end()) break;
            if (bar->birth == image.birth) bar->image_death = image.death;
        }
        std::sort(bars.begin(), bars.end(), [](const Bar& a, const Bar& b) { return a.image_death < b.image_death; });
        return bars;
    }

    // Bars of the image of a volume in h, of any length, that end where a bar of h of positive length does.
    void list_images(BoxFiltration<Real>& volume, int dim, std::vector<Bar>& images) {
        std::vector<bool> ends(h_.cells(dim + 1).rank.size());
        pair_cells(h_, h_, dim, loops_, [&](std::int32_t, std::int32_t death) {
            ends[static_cast<std::size_t>(death)] = true;
        });
        pair_all_cells(volume, h_, dim, loops_, [&](std::int32_t birth, std::int32_t death) {
            if (ends[static_cast<std::size_t>(death)]) images.push_back({birth, death, nothing});
        });
    }

    void match(int dim, bool valid, std::vector<BarMatch>& matches) {
        const std::vector<Bar> of_f = list_bars(f_, dim, valid), of_g = list_bars(g_, dim, valid);
        const auto voxels = [dim](BoxFiltration<Real>& volume, const Bar& bar) {
            return std::array<CellIndex, 2>{volume.voxel(dim, bar.birth), volume.voxel(dim + 1, bar.death)};
        };
        auto a = of_f.begin(), b = of_g.begin();
        while (a != of_f.end() || b != of_g.end()) {
            BarMatch row{dim, {absent, absent, absent, absent}};
            const bool meet = a != of_f.end() && b != of_g.end() && a->image_death == b->image_death &&
                              a->image_death != nothing;
            const bool first = meet || b == of_g.end() || (a != of_f.end() && a->image_death <= b->image_death);
            if (first) std::ranges::copy(voxels(f_, *a++), row.cells.begin());
            if (meet || !first) std::ranges::copy(voxels(g_, *b++), row.cells.begin() + 2);
            matches.push_back(row);
        }
    }

    std::int64_t size_;
    BoxGrid grid_;
    BoxFiltration<Real> f_, g_, h_;
    LoopPairs loops_;
};

}  // namespace topolens
