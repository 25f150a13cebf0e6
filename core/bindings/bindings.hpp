// What all bindings share: array types that never convert silently, and owned results.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "topolens/pairs.hpp"
#include "topolens/raw_array.hpp"

namespace nb = nanobind;

template <class Scalar, int Rank>
using Input = nb::ndarray<const Scalar, nb::ndim<Rank>, nb::c_contig, nb::device::cpu>;

template <class Scalar>
using Owned = nb::ndarray<nb::numpy, Scalar>;

// Hands a vector to numpy without a copy; the array owns it through a capsule.
template <class Scalar>
Owned<Scalar> owned(std::vector<Scalar>&& data, std::vector<size_t> shape) {
    auto* keep = new std::vector<Scalar>(std::move(data));
    nb::capsule owner(keep, [](void* p) noexcept { delete static_cast<std::vector<Scalar>*>(p); });
    return Owned<Scalar>(keep->data(), shape.size(), shape.data(), owner);
}

// The same for an array that was never cleared.
template <class Scalar>
Owned<Scalar> owned(topolens::RawArray<Scalar>&& data, std::vector<size_t> shape) {
    auto* keep = new topolens::RawArray<Scalar>(std::move(data));
    keep->reserve(1);  // an empty array has an address, too
    nb::capsule owner(keep, [](void* p) noexcept { delete static_cast<topolens::RawArray<Scalar>*>(p); });
    return Owned<Scalar>(keep->data(), shape.size(), shape.data(), owner);
}

// Pairs of all items as four flat arrays (dim, batch, birth cell, death cell); needs the GIL.
inline nb::tuple packed(const std::vector<topolens::Pairs>& items) {
    size_t bars = 0;
    for (const auto& item : items) bars += item.size();
    std::vector<std::int64_t> dim, batch, birth, death;
    for (auto* column : {&dim, &batch, &birth, &death}) column->reserve(bars);
    for (size_t b = 0; b < items.size(); ++b)
        for (const topolens::Pair& pair : items[b]) {
            dim.push_back(pair.dim);
            batch.push_back(static_cast<std::int64_t>(b));
            birth.push_back(pair.birth);
            death.push_back(pair.death);
        }
    return nb::make_tuple(owned(std::move(dim), {bars}), owned(std::move(batch), {bars}),
                          owned(std::move(birth), {bars}), owned(std::move(death), {bars}));
}

void bind_rips(nb::module_& m);
void bind_distances(nb::module_& m);
void bind_cubical(nb::module_& m);
void bind_volumes(nb::module_& m);
void bind_graphs(nb::module_& m);
void bind_image_pairs(nb::module_& m);
void bind_volume_image_pairs(nb::module_& m);
void bind_clouds(nb::module_& m);
void bind_critical(nb::module_& m);
void bind_layout(nb::module_& m);
void bind_masks(nb::module_& m);
void bind_reduction(nb::module_& m);
void bind_rank_ranges(nb::module_& m);
