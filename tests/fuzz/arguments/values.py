"""Arguments as code, most of them wrong: what a careless, an unlucky or a malicious caller passes."""

INTEGERS = (
    *("0", "1", "2", "3", "4", "-1", "-2", "7", "64", "1000", "10**6", "2**30", "2**31 - 1", "2**31", "-2**31"),
    *("2**63", "-2**63", "2**64", "10**30", "10**5000", "np.int8(2)", "np.int64(3)", "np.uint8(255)", "np.uint64(2**63)"),
    *("np.array(2)", "np.array(1, np.uint8)", "jnp.int32(2)", "jnp.array(1)", "Index(2)", "Index(-1)", "Index(2**40)"),
    *("Two.TWO", "np.array(2, '>i4')"),
)
NOT_INTEGERS = (
    *("True", "False", "np.True_", "np.False_", "jnp.array(True)", "1.0", "2.0", "1.5", "-0.0", "nan", "inf", "-inf"),
    *("1j", "np.float32(2)", "np.float64(nan)", "np.array(2.0)", "np.complex64(1)", "jnp.float32(2)", "Fraction(2)"),
    *("Decimal(2)", "None", "...", "NotImplemented", "object()", "int", "type", "len", "lambda: 2", "Exception()"),
    *("np.datetime64('2020-01-01')", "np.timedelta64(2)", "np.array(None)", "np.ma.masked", "np.void(b'1')", "slice(2)"),
    *("jax.ShapeDtypeStruct((2,), np.float32)", "jax.random.key(0)", "np.dtype('f4')", "np.float32", "jtconv"),
)
STRINGS = (
    *("''", "'2'", "'SAME'", "'same'", "'VALID'", "'Valid'", "'SAME_LOWER'", "'CAUSAL'", "'CIRCULAR'", "'FULL'"),
    *("'zeros'", "'ZEROS'", "'circular'", "'reflect'", "'replicate'", "'auto'", "'matrix'", "'lax'", "'scatter'"),
    *("'vjp'", "'overlap_add'", "'polyphase'", "'fft'", "'highest'", "'float32'", "'bfloat16'", "'NHWC'", "'NCHW'"),
    *("'channels_first'", "'channels_last'", "'SAME_UPPER'", "'NOTSET'", "'same '", "'SAME\\n'", "'\\0'", "'ß'", "'\\ud800'"),
    *("'٢'", "'x' * 5000", "b'SAME'", "b''", "bytearray(b'\\2\\2')", "Word('SAME')", "Word('auto')", "np.str_('SAME')"),
)
SEQUENCES = (
    *("()", "[]", "(1,)", "(2,)", "[2]", "(1, 2)", "[2, 1]", "(2, 2)", "(0, 1)", "(1, -1)", "(2, 1, 1)", "(1, 2, 3, 4)"),
    *("((1, 1),)", "((1, 2), (0, 1))", "[[1, 1], [0, 2]]", "[[1, 2], 1]", "((), ())", "((1, 2, 3), 1)", "((-1, 2), (3, -2))"),
    *("((1, 0), (0, 1), (2, 1))", "((0, 0), (1, 1), (1, 0), (0, 0))", "(None, None)", "('SAME', 1)", "('SAME', 'SAME')"),
    *("(1.0, 2.0)", "(True, 2)", "(2, None)", "(2**31, 1)", "(2**70, 1)", "('2', '1')", "((1, 1.5), (0, 0))", "(((1, 1),),)"),
    *("(np.int8(2), np.array(1))", "np.array([2, 1])", "np.array([[1, 1], [0, 2]])", "np.array([2, 1], '>i2')", "np.array([2.0, 1.0])"),
    *("np.zeros(0, int)", "np.zeros((2, 0), int)", "np.array([2, 1], object)", "np.array(['2', '1'])", "np.array([True, False])"),
    *("jnp.array([2, 1])", "jnp.array([[1, 1], [0, 1]])", "np.matrix([[1, 1]])", "np.ma.array([2, 1], mask=[0, 1])", "np.rec.array([(1, 2)])"),
    *("range(1, 3)", "range(10**12)", "range(0)", "{}", "{0: 2, 1: 2}", "{1, 2}", "frozenset((1, 2))", "iter((2, 1))", "(x for x in (1, 2))"),
    *("cyclic()", "[cyclic(), 1]", "memoryview(b'\\2\\1')", "(Two.TWO, Index(1))", "[2] * 1000", "(1,) * 10**5", "zip((1, 2), (3, 4))"),
)
HOSTILE = (INTEGERS, NOT_INTEGERS, STRINGS, SEQUENCES)

DTYPES = (
    *("None", "'float32'", "'float64'", "'float16'", "'bfloat16'", "'complex64'", "'complex128'", "'int32'", "'bool'", "'f'"),
    *("np.float32", "jnp.bfloat16", "jnp.float32", "float", "int", "complex", "bool", "str", "object", "np.dtype('>f4')"),
    *("ml_dtypes.float8_e4m3fn", "ml_dtypes.int4", "np.longdouble", "np.dtype([('a', 'f4')])", "'M8'", "'f4,f4'", "np.generic"),
    *("jax.numpy.inexact", "np.dtype(('f4', 2))", "jax.dtypes.prng_key", "'float128'"),
)
PRECISIONS = (
    *("None", "'default'", "'high'", "'highest'", "('high', 'highest')", "['highest', 'default']", "jax.lax.Precision.HIGHEST"),
    *("('high',)", "('high', None)", "()", "('high', 'high', 'high')", "'best'", "np.array(['high'])", "(jax.lax.Precision.HIGH, 'default')"),
    *("'TF32_TF32_F32'", "jax.lax.DotAlgorithmPreset.F32_F32_F32"),
)
# {0} is the array as it should be.
OF_ARRAYS = (
    *("{0}.astype(np.float64)", "{0}.astype(np.float16)", "{0}.astype(jnp.bfloat16)", "{0}.astype(np.complex64)", "{0} * (1 + 2j)"),
    *("{0}.astype(np.int32)", "{0}.astype(bool)", "{0}.astype(np.uint8)", "{0}.astype(object)", "{0}.astype(str)", "{0}.astype('S')"),
    *("{0}.astype('>f4')", "{0}.astype(np.longdouble)", "{0}.astype(np.clongdouble)", "{0}.astype('M8[s]')", "{0}.astype(ml_dtypes.float8_e4m3fn)"),
    *("np.asfortranarray({0})", "strided({0})", "read_only({0})", "{0}[::-1]", "{0}.T", "{0}.tolist()", "jnp.asarray({0})", "memoryview({0})"),
    *("np.ma.array({0})", "jax.device_put({0})", "[{0}]", "({0}, {0})", "{0}[..., :0]", "{0}[:0]", "{0}[..., None]", "{0}[0]", "{0}[..., 0]"),
    *("{0}.ravel()", "{0}[..., :1]", "np.broadcast_to({0}[..., :1], {0}.shape)", "np.full({0}.shape, nan, np.float32)", "{0}[None]"),
    *("{0}[None, None]", "{0}.view(np.recarray)", "np.zeros(())", "np.zeros((0,))", "np.zeros((0, 0, 0, 0))", "np.zeros((1,) * 30)"),
    *("jnp.asarray({0}, jnp.bfloat16)", "jax.ShapeDtypeStruct({0}.shape, np.float32)", "nnx.Param(jnp.asarray({0}))", "{{'a': {0}}}"),
    *("jax.random.key(0)", "np.zeros({0}.shape, [('a', 'f4')])", "np.float32(1)", "1.0", "[[1.0], [1.0, 2.0]]", "[1.0, None]", "10**400"),
    *("jax.experimental.sparse.BCOO.fromdense(jnp.ones((5, 3)))", "np.matrix(np.ones((2, 2), np.float32))", "{0}.astype('U1')"),
)
