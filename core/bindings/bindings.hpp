// What all bindings share: array types that never convert silently, and owned results.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <cstdint>
#include <utility>
#include <vector>

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

void bind_rips(nb::module_& m);
void bind_cubical(nb::module_& m);
void bind_graphs(nb::module_& m);
void bind_clouds(nb::module_& m);
void bind_reduction(nb::module_& m);
