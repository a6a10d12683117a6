"""Every implementation of C, Cᵀ and the kernel's gradient, one file each; `cpu` holds the C++ kernels.

May import `_matrix`, by which one of them computes, `_arrays` and `_geometry`. All have one signature:

    run(x, kernel, spec, precision) -> y          "forward"
    run(y, kernel, spec, precision) -> x          "transposed"
    run(x, y, spec, precision) -> kernel          "kernel_gradient"

    x       (N, *spec.input_size, in_ch)
    kernel  (*spec.kernel_size, in_ch // spec.groups, out_ch)
    y       (N, *spec.output_size, out_ch)

The arrays are of one dtype, and all arguments have been checked.
"""
