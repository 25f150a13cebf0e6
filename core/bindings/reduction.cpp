// Persistence pairs of filtered cell complexes given by a boundary matrix.
#include "bindings.hpp"

#include <stdexcept>
#include <string>

#include "topolens/reduction.hpp"

namespace {

using Integers = Input<std::int64_t, 1>;

void check_shapes(Integers offsets, Integers rows, Integers coefficients, Integers dims) {
    const auto cells = static_cast<std::int64_t>(offsets.shape(0)) - 1;
    const auto entries = static_cast<std::int64_t>(rows.shape(0));
    if (cells < 0 || offsets.data()[0] != 0 || offsets.data()[cells] != entries)
        throw std::invalid_argument("offsets must start at 0 and end at the number of rows, " +
                                    std::to_string(entries));
    if (coefficients.shape(0) != rows.shape(0))
        throw std::invalid_argument("coefficients must have one value per row: expected " + std::to_string(entries) +
                                    ", got " + std::to_string(coefficients.shape(0)));
    if (static_cast<std::int64_t>(dims.shape(0)) != cells)
        throw std::invalid_argument("dims must have one value per column: expected " + std::to_string(cells) +
                                    ", got " + std::to_string(dims.shape(0)));
    for (std::int64_t j = 0; j < cells; ++j)
        if (offsets.data()[j] > offsets.data()[j + 1])
            throw std::invalid_argument("offsets must not decrease, but entry " + std::to_string(j + 1) + " does");
}

void check_columns(Integers offsets, Integers rows, Integers dims) {
    for (std::int64_t j = 0; j + 1 < static_cast<std::int64_t>(offsets.shape(0)); ++j) {
        std::int64_t before = -1;
        for (std::int64_t e = offsets.data()[j]; e < offsets.data()[j + 1]; ++e) {
            const std::int64_t row = rows.data()[e];
            if (row <= before || row >= j)
                throw std::invalid_argument("rows of column " + std::to_string(j) +
                                            " must ascend and come before it, got " + std::to_string(row));
            if (dims.data()[row] != dims.data()[j] - 1)
                throw std::invalid_argument("rows of column " + std::to_string(j) +
                                            " must be one dimension lower, but row " + std::to_string(row) +
                                            " is not");
            before = row;
        }
    }
}

Owned<std::int64_t> reduce_boundary(Integers offsets, Integers rows, Integers coefficients, Integers dims,
                                    std::int64_t field) {
    std::vector<std::int64_t> partner;
    {
        nb::gil_scoped_release release;
        check_shapes(offsets, rows, coefficients, dims);
        check_columns(offsets, rows, dims);
        partner = topolens::reduce_boundary(offsets.data(), rows.data(), coefficients.data(), dims.data(),
                                            static_cast<std::int64_t>(dims.shape(0)), field);
    }
    const size_t cells = partner.size();
    return owned(std::move(partner), {cells});
}

}  // namespace

void bind_reduction(nb::module_& m) {
    m.def("reduce_boundary", &reduce_boundary, nb::arg("offsets").noconvert(), nb::arg("rows").noconvert(),
          nb::arg("coefficients").noconvert(), nb::arg("dims").noconvert(), nb::arg("field") = 2);
}
