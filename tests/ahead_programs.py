"""Texts of compiled programs, as the compilers wrote them, shortened: an entry, or what an entry calls."""

# ruff: noqa: E501

BACKWARD_DATA = """
  %k.1 = f32[3,3,64,128]{3,2,1,0} parameter(1), sharding={replicated}, metadata={op_name="k" scheduling_name="k.1"}
  %y.1 = f32[4,64,64,128]{3,2,1,0} parameter(0), frontend_attributes={xla.sdy.sharding="#sdy.sharding<@empty_mesh, [{}, {}, {}, {}]>"}
  %wrapped_transpose = f32[128,3,3,64]{3,2,1,0} transpose(%k.1), dimensions={3,0,1,2}
  %cudnn-conv-bw-input.1 = (f32[4,128,128,64]{3,2,1,0}, u8[0]{0}) custom-call(%y.1, %wrapped_transpose), window={size=3x3 stride=2x2 pad=1_1x1_1}, dim_labels=b01f_o01i->b01f, custom_call_target="__cudnn$convBackwardInput", backend_config={"operation_queue_id":"0"}
  ROOT %get-tuple-element.3 = f32[4,128,128,64]{3,2,1,0} get-tuple-element(%cudnn-conv-bw-input.1), index=0
"""
DEPTHWISE_LAX = """
  %loop_pad_fusion = f32[4,99,99,96]{3,2,1,0} fusion(%y.1), kind=kLoop, calls=%fused_pad, backend_config={"device_type":"X"}
  %k.1 = f32[96,4,4,1]{3,2,1,0} parameter(1)
  %cudnn-conv.2 = (f32[4,96,96,96]{3,2,1,0}, u8[0]{0}) custom-call(%loop_pad_fusion, %k.1), window={size=4x4}, dim_labels=b01f_o01i->b01f, feature_group_count=96, custom_call_target="__cudnn$convForward"
  ROOT %get-tuple-element.3 = f32[4,96,96,96]{3,2,1,0} get-tuple-element(%cudnn-conv.2), index=0
"""
FUSED_PAD = """%fused_pad (param_0.2: f32[4,48,48,96]) -> f32[4,99,99,96] {
  %param_0.2 = f32[4,48,48,96]{3,2,1,0} parameter(0)
  %constant_2 = f32[] constant(0)
  ROOT %pad.2 = f32[4,99,99,96]{3,2,1,0} pad(%param_0.2, %constant_2), padding=0_0_0x2_2_1x2_2_1x0_0_0
}"""
DEPTHWISE_FUSED = """%fused_slice (param_0.25: f32[4,48,48,96], param_1.17: f32[4,4,1,96]) -> f32[4,96,96,96] {
  %param_0.25 = f32[4,48,48,96]{3,2,1,0} parameter(0)
  %constant_3_1 = f32[] constant(0)
  %pad.5.1 = f32[4,49,49,96]{3,2,1,0} pad(%param_0.25, %constant_3_1), padding=0_0x0_1x0_1x0_0
  %mul.30.1 = f32[4,49,2,49,2,96]{5,4,3,2,1,0} broadcast(%pad.5.1), dimensions={0,1,3,5}
  %param_1.17 = f32[4,4,1,96]{3,2,1,0} parameter(1)
  %slice.4.1 = f32[2,2,1,96]{3,2,1,0} slice(%param_1.17), slice={[0:2], [0:2], [0:1], [0:96]}
  %bitcast.8 = f32[2,2,96]{2,1,0} bitcast(%slice.4.1)
  %mul.33.3 = f32[4,49,2,49,2,96]{5,4,3,2,1,0} broadcast(%bitcast.8), dimensions={2,4,5}
  %mul.34.1 = f32[4,49,2,49,2,96]{5,4,3,2,1,0} multiply(%mul.30.1, %mul.33.3)
  %mul.41.1 = f32[4,49,2,49,2,96]{5,4,3,2,1,0} multiply(%mul.30.1, %mul.33.3)
  %add.3.1 = f32[4,49,2,49,2,96]{5,4,3,2,1,0} add(%mul.34.1, %mul.41.1)
  %mul.48.1 = f32[4,49,2,49,2,96]{5,4,3,2,1,0} multiply(%mul.30.1, %mul.33.3)
  %add.4.1 = f32[4,49,2,49,2,96]{5,4,3,2,1,0} add(%add.3.1, %mul.48.1)
  %mul.55.1 = f32[4,49,2,49,2,96]{5,4,3,2,1,0} multiply(%mul.30.1, %mul.33.3)
  %add.5.1 = f32[4,49,2,49,2,96]{5,4,3,2,1,0} add(%add.4.1, %mul.55.1)
  %bitcast.4.1 = f32[4,98,98,96]{3,2,1,0} bitcast(%add.5.1)
  ROOT %slice.2 = f32[4,96,96,96]{3,2,1,0} slice(%bitcast.4.1), slice={[0:4], [1:97], [1:97], [0:96]}
}"""
GEMM_FUSED = """%gemm_fusion_dot.1_computation (parameter_0: f32[86016,21], parameter_1: f32[21,256]) -> f32[86016,256] {
  %parameter_0 = f32[86016,21]{1,0} parameter(0)
  %parameter_1 = f32[21,256]{0,1} parameter(1)
  ROOT %dot.2 = f32[86016,256]{1,0} dot(%parameter_0, %parameter_1), lhs_contracting_dims={1}, rhs_contracting_dims={0}
}"""
TPU_FUSED = """%fused_computation.3 (param_0.5: bf16[28,8,4,1024]) -> bf16[28,8,4,1024] {
  %param_0.5 = bf16[28,8,4,1024]{3,2,1,0:T(4,128)(2,1)S(1)} parameter(0)
  ROOT %copy.5 = bf16[28,8,4,1024]{3,1,2,0:T(8,128)(2,1)} copy(%param_0.5)
}

%fused_computation.1 (param_0.8: f32[2,2,512,1024], param_1.5: bf16[28,8,4,1024]) -> f32[56,8,8,512] {
  %param_1.5 = bf16[28,8,4,1024]{3,2,1,0:T(4,128)(2,1)S(1)} parameter(1)
  %fusion = bf16[28,8,4,1024]{3,1,2,0:T(8,128)(2,1)} fusion(%param_1.5), kind=kLoop, calls=%fused_computation.3
  %param_0.8 = f32[2,2,512,1024]{3,2,1,0:T(8,128)S(1)} parameter(0)
  ROOT %convolution-base-dilated.3 = f32[56,8,8,512]{3,1,2,0:T(8,128)} convolution(%fusion, %param_0.8), window={size=2x2 pad=1_1x1_1 lhs_dilate=2x2 rhs_reversal=1x1}, dim_labels=0b1f_01oi->0b1f
}"""
TPU = """
  %k.1 = f32[2,2,512,1024]{3,2,1,0:T(8,128)} parameter(1), sharding={replicated}
  %copy-start = (f32[2,2,512,1024]{3,2,1,0:T(8,128)S(1)}, f32[2,2,512,1024]{3,2,1,0:T(8,128)}, u32[]{:S(2)}) copy-start(%k.1), cross_program_prefetch_index=0
  %y.1 = bf16[28,8,4,1024]{3,1,2,0:T(4,128)(2,1)} parameter(0)
  %copy-done = f32[2,2,512,1024]{3,2,1,0:T(8,128)S(1)} copy-done(%copy-start)
  %convolution_fusion = f32[56,8,8,512]{3,1,2,0:T(8,128)S(1)} fusion(%copy-done, %y.1), kind=kOutput, calls=%fused_computation.1, backend_config={"window_config":{"kernel_window_bounds":["2","2","32","8"],"estimated_cycles":"115712"}}
  ROOT %copy.6 = f32[56,8,8,512]{3,2,1,0:T(8,128)S(1)} copy(%convolution_fusion), backend_config={"window_config":{"estimated_cycles":"4048"}}
"""
BACKWARD_FILTER = """
  %g.1 = f32[16,64,64,3]{3,2,1,0} parameter(0)
  %y.1 = f32[16,32,32,128]{3,2,1,0} parameter(1)
  ROOT %cudnn-conv-bw-filter.1 = (f32[128,4,4,3]{3,2,1,0}, u8[0]{0}) custom-call(%g.1, %y.1), window={size=4x4 stride=2x2 pad=1_1x1_1}, dim_labels=b01f_o01i->b01f, custom_call_target="__cudnn$convBackwardFilter"
"""
BACKWARD_DATA_ON_PADDING = """
  %g.1 = f32[16,4,4,1024]{3,2,1,0} parameter(0)
  %k.1 = f32[1024,4,4,100]{3,2,1,0} parameter(1)
  ROOT %cudnn-conv-bw-input.1 = (f32[16,1,1,100]{3,2,1,0}, u8[0]{0}) custom-call(%g.1, %k.1), window={size=4x4 pad=3_3x3_3}, dim_labels=b01f_o01i->b01f, custom_call_target="__cudnn$convBackwardInput"
"""
GEMM = """
  %k.1 = f32[86016,21]{1,0} parameter(1)
  %y.1 = f32[21,256]{1,0} parameter(0)
  ROOT %gemm_fusion_dot.1 = f32[86016,256]{1,0} fusion(%k.1, %y.1), kind=kCustom, calls=%gemm_fusion_dot.1_computation, backend_config={"fusion_backend_config":{"kind":"__triton_gemm"}}
"""
LOOP_BODY = """%body (arg: (s32[], f32[8])) -> (s32[], f32[8]) {
  %arg = (s32[], f32[8]{0}) parameter(0)
  %value = f32[8]{0} get-tuple-element(%arg), index=1
  %product = f32[8]{0} multiply(%value, %value)
  ROOT %tuple = (s32[], f32[8]{0}) tuple(%value, %product)
}"""
LOOP = """
  %start = (s32[], f32[8]{0}) parameter(0)
  ROOT %while.1 = (s32[], f32[8]{0}) while(%start), condition=%condition, body=%body, backend_config={"known_trip_count":{"n":"5"}}
"""
LOOP_CONDITION = """%condition (arg.1: (s32[], f32[8])) -> pred[] {
  %arg.1 = (s32[], f32[8]{0}) parameter(0)
  %constant.3 = s32[]{:T(128)} constant(7)
  %get-tuple-element.15 = s32[]{:T(128)} get-tuple-element(%arg.1), index=0
  ROOT %lt.0 = pred[]{:T(512)} compare(%get-tuple-element.15, %constant.3), direction=LT
}"""
TPU_BATCHED = """
  %p.0 = bf16[8,512,256]{2,1,0:T(8,128)(2,1)} parameter(0)
  %p.1 = bf16[8,256,1024]{2,1,0:T(8,128)(2,1)} parameter(1)
  ROOT %convolution-base-dilated.1 = bf16[8,512,1024]{2,1,0:T(8,128)(2,1)} convolution(%p.0, %p.1), window={size=8 stride=7 lhs_dilate=8}, dim_labels=0bf_0io->0bf
"""
