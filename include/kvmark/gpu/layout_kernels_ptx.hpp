// The code of layout_kernels.cu for a GPU, which its driver compiles when it is loaded. Written by
// tests/checks/device_code.py --fix: edit the source instead.
// sha256 of the source: 7ccafc4c2c2163a3e2cd45450afe862a946e66d4ab1fa6ea92a7675717e2abb8
#pragma once

namespace kvmark::gpu {

inline constexpr char layout_kernels_ptx[] = R"ptx(.version 7.0
.target sm_70
.address_size 64
.visible .entry kvmark_gather(
 .param .u64 kvmark_gather_param_0,
 .param .u64 kvmark_gather_param_1,
 .param .u64 kvmark_gather_param_2,
 .param .u32 kvmark_gather_param_3,
 .param .u32 kvmark_gather_param_4,
 .param .u32 kvmark_gather_param_5
)
.maxntid 256, 1, 1
{
 .reg .pred  %p<6>;
 .reg .b32  %r<76>;
 .reg .b64  %rd<30>;
 ld.param.u32  %r14, [kvmark_gather_param_5];
 ld.param.u32  %r13, [kvmark_gather_param_3];
 add.s32  %r15, %r14, 127;
 shr.u32  %r1, %r15, 7;
 ld.param.u32  %r16, [kvmark_gather_param_4];
 mul.lo.s32  %r17, %r16, %r13;
 mul.lo.s32  %r2, %r17, %r1;
 mov.u32  %r18, %tid.x;
 mov.u32  %r19, %ctaid.x;
 shl.b32  %r20, %r19, 3;
 shr.u32  %r21, %r18, 5;
 add.s32  %r73, %r20, %r21;
 setp.ge.u32  %p1, %r73, %r2;
 @%p1 bra  LBB0_7;
 ld.param.u64  %rd6, [kvmark_gather_param_2];
 ld.param.u64  %rd5, [kvmark_gather_param_1];
 ld.param.u64  %rd4, [kvmark_gather_param_0];
 and.b32   %r3, %r18, 31;
 mul.wide.u32  %rd1, %r14, 16;
 mov.u32  %r22, %nctaid.x;
 shl.b32  %r5, %r22, 3;
 bra.uni  LBB0_2;
LBB0_8:
 ld.global.cs.nc.v4.u32 {%r48, %r49, %r50, %r51}, [%rd2];
 add.s64  %rd20, %rd2, 512;
 ld.global.cs.nc.v4.u32 {%r52, %r53, %r54, %r55}, [%rd20];
 add.s64  %rd21, %rd2, 1024;
 ld.global.cs.nc.v4.u32 {%r56, %r57, %r58, %r59}, [%rd21];
 add.s64  %rd22, %rd2, 1536;
 ld.global.cs.nc.v4.u32 {%r60, %r61, %r62, %r63}, [%rd22];
 st.global.cs.v4.u32 [%rd3], {%r48, %r49, %r50, %r51};
 add.s64  %rd24, %rd3, 512;
 st.global.cs.v4.u32 [%rd24], {%r52, %r53, %r54, %r55};
 add.s64  %rd25, %rd3, 1024;
 st.global.cs.v4.u32 [%rd25], {%r56, %r57, %r58, %r59};
 add.s64  %rd26, %rd3, 1536;
 st.global.cs.v4.u32 [%rd26], {%r60, %r61, %r62, %r63};
LBB0_6:
 add.s32  %r73, %r73, %r5;
 setp.lt.u32  %p5, %r73, %r2;
 @%p5 bra  LBB0_2;
 bra.uni  LBB0_7;
LBB0_2:
 div.u32  %r24, %r73, %r1;
 div.u32  %r25, %r24, %r13;
 mul.lo.s32  %r26, %r25, %r13;
 sub.s32  %r27, %r24, %r26;
 mul.lo.s32  %r28, %r24, %r1;
 sub.s32  %r29, %r73, %r28;
 shl.b32  %r30, %r29, 7;
 or.b32   %r75, %r30, %r3;
 mul.wide.u32  %rd10, %r75, 16;
 mul.wide.u32  %rd11, %r27, 8;
 add.s64  %rd8, %rd11, %rd4;
 ld.global.nc.u64 %rd7, [%rd8];
 mul.wide.u32  %rd12, %r25, 4;
 add.s64  %rd9, %rd12, %rd5;
 ld.global.nc.u32 %r23, [%rd9];
 cvt.u64.u32  %rd13, %r23;
 mul.lo.s64  %rd14, %rd1, %rd13;
 add.s64  %rd15, %rd14, %rd7;
 add.s64  %rd2, %rd15, %rd10;
 cvt.u64.u32  %rd16, %r24;
 mul.lo.s64  %rd17, %rd1, %rd16;
 add.s64  %rd18, %rd17, %rd6;
 add.s64  %rd3, %rd18, %rd10;
 add.s32  %r31, %r30, 128;
 setp.le.u32  %p2, %r31, %r14;
 @%p2 bra  LBB0_8;
 setp.ge.u32  %p3, %r75, %r14;
 @%p3 bra  LBB0_6;
 mov.u32  %r74, 0;
LBB0_5:
 cvt.u64.u32  %rd29, %r74;
 add.s64  %rd28, %rd3, %rd29;
 add.s64  %rd27, %rd2, %rd29;
 ld.global.cs.nc.v4.u32 {%r65, %r66, %r67, %r68}, [%rd27];
 st.global.cs.v4.u32 [%rd28], {%r65, %r66, %r67, %r68};
 add.s32  %r75, %r75, 32;
 add.s32  %r74, %r74, 512;
 setp.lt.u32  %p4, %r75, %r14;
 @%p4 bra  LBB0_5;
 bra.uni  LBB0_6;
LBB0_7:
 ret;
}
.visible .entry kvmark_scatter(
 .param .u64 kvmark_scatter_param_0,
 .param .u64 kvmark_scatter_param_1,
 .param .u64 kvmark_scatter_param_2,
 .param .u32 kvmark_scatter_param_3,
 .param .u32 kvmark_scatter_param_4,
 .param .u32 kvmark_scatter_param_5
)
.maxntid 256, 1, 1
{
 .reg .pred  %p<6>;
 .reg .b32  %r<76>;
 .reg .b64  %rd<30>;
 ld.param.u32  %r14, [kvmark_scatter_param_5];
 ld.param.u32  %r13, [kvmark_scatter_param_3];
 add.s32  %r15, %r14, 127;
 shr.u32  %r1, %r15, 7;
 ld.param.u32  %r16, [kvmark_scatter_param_4];
 mul.lo.s32  %r17, %r16, %r13;
 mul.lo.s32  %r2, %r17, %r1;
 mov.u32  %r18, %tid.x;
 mov.u32  %r19, %ctaid.x;
 shl.b32  %r20, %r19, 3;
 shr.u32  %r21, %r18, 5;
 add.s32  %r73, %r20, %r21;
 setp.ge.u32  %p1, %r73, %r2;
 @%p1 bra  LBB1_7;
 ld.param.u64  %rd6, [kvmark_scatter_param_2];
 ld.param.u64  %rd5, [kvmark_scatter_param_1];
 ld.param.u64  %rd4, [kvmark_scatter_param_0];
 and.b32   %r3, %r18, 31;
 mul.wide.u32  %rd1, %r14, 16;
 mov.u32  %r22, %nctaid.x;
 shl.b32  %r5, %r22, 3;
 bra.uni  LBB1_2;
LBB1_8:
 ld.global.cs.nc.v4.u32 {%r48, %r49, %r50, %r51}, [%rd3];
 add.s64  %rd20, %rd3, 512;
 ld.global.cs.nc.v4.u32 {%r52, %r53, %r54, %r55}, [%rd20];
 add.s64  %rd21, %rd3, 1024;
 ld.global.cs.nc.v4.u32 {%r56, %r57, %r58, %r59}, [%rd21];
 add.s64  %rd22, %rd3, 1536;
 ld.global.cs.nc.v4.u32 {%r60, %r61, %r62, %r63}, [%rd22];
 st.global.cs.v4.u32 [%rd2], {%r48, %r49, %r50, %r51};
 add.s64  %rd24, %rd2, 512;
 st.global.cs.v4.u32 [%rd24], {%r52, %r53, %r54, %r55};
 add.s64  %rd25, %rd2, 1024;
 st.global.cs.v4.u32 [%rd25], {%r56, %r57, %r58, %r59};
 add.s64  %rd26, %rd2, 1536;
 st.global.cs.v4.u32 [%rd26], {%r60, %r61, %r62, %r63};
LBB1_6:
 add.s32  %r73, %r73, %r5;
 setp.lt.u32  %p5, %r73, %r2;
 @%p5 bra  LBB1_2;
 bra.uni  LBB1_7;
LBB1_2:
 div.u32  %r24, %r73, %r1;
 div.u32  %r25, %r24, %r13;
 mul.lo.s32  %r26, %r25, %r13;
 sub.s32  %r27, %r24, %r26;
 mul.lo.s32  %r28, %r24, %r1;
 sub.s32  %r29, %r73, %r28;
 shl.b32  %r30, %r29, 7;
 or.b32   %r75, %r30, %r3;
 mul.wide.u32  %rd10, %r75, 16;
 mul.wide.u32  %rd11, %r27, 8;
 add.s64  %rd8, %rd11, %rd4;
 ld.global.nc.u64 %rd7, [%rd8];
 mul.wide.u32  %rd12, %r25, 4;
 add.s64  %rd9, %rd12, %rd5;
 ld.global.nc.u32 %r23, [%rd9];
 cvt.u64.u32  %rd13, %r23;
 mul.lo.s64  %rd14, %rd1, %rd13;
 add.s64  %rd15, %rd14, %rd7;
 add.s64  %rd2, %rd15, %rd10;
 cvt.u64.u32  %rd16, %r24;
 mul.lo.s64  %rd17, %rd1, %rd16;
 add.s64  %rd18, %rd17, %rd6;
 add.s64  %rd3, %rd18, %rd10;
 add.s32  %r31, %r30, 128;
 setp.le.u32  %p2, %r31, %r14;
 @%p2 bra  LBB1_8;
 setp.ge.u32  %p3, %r75, %r14;
 @%p3 bra  LBB1_6;
 mov.u32  %r74, 0;
LBB1_5:
 cvt.u64.u32  %rd29, %r74;
 add.s64  %rd28, %rd2, %rd29;
 add.s64  %rd27, %rd3, %rd29;
 ld.global.cs.nc.v4.u32 {%r65, %r66, %r67, %r68}, [%rd27];
 st.global.cs.v4.u32 [%rd28], {%r65, %r66, %r67, %r68};
 add.s32  %r75, %r75, 32;
 add.s32  %r74, %r74, 512;
 setp.lt.u32  %p4, %r75, %r14;
 @%p4 bra  LBB1_5;
 bra.uni  LBB1_6;
LBB1_7:
 ret;
}
)ptx";

} // namespace kvmark::gpu
