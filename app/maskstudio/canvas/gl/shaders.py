"""Programs for the graphics card: EWA projection of Gaussians, their colour, and what a window needs of them.

They draw what `maskengines.scene.rasteriser` draws (Kerbl et al. 2023; Zwicker et al. 2002, eq. 29 and 31),
splat by splat from back to front instead of tile by tile from front to back.
"""

from __future__ import annotations

from maskstudio.canvas.gl.texels import GEOMETRY_TEXELS, ROW

SPLAT_VERTEX = (
    """
#version 330 core
layout(location = 0) in uint number;
uniform sampler2D geometry;
uniform sampler2D harmonics;
uniform sampler2D state;
uniform int bands;
uniform vec4 view[3];
uniform vec3 eye;
uniform vec4 lens;     // fx, fy, cx, cy
uniform vec4 slopes;   // least and most of x/z, least and most of y/z
uniform vec4 frame;    // width, height, near plane, added blur
uniform vec4 tint;     // sRGB, and how much of a selected Gaussian's colour it is
flat out vec3 conic;   // of 2 ** (peak - ...), in pixels from the centre
flat out vec3 colour;
flat out vec2 peak;    // logarithm to base 2 of alpha at the centre; z
out vec2 away;

const float LOG2E = 1.4426950408889634;
const float FAINTEST = -7.994353436858858;  // log2(1 / 255)
const vec4 NOWHERE = vec4(2.0, 2.0, 2.0, 1.0);

vec4 texel(sampler2D source, int index) {
    return texelFetch(source, ivec2(index % ROW, index / ROW), 0);
}

vec3 coefficient(int first, int k) {
    // Three numbers that lie across texels of four.
    int at = 3 * k;
    vec3 found;
    for (int c = 0; c < 3; ++c) found[c] = texel(harmonics, first + (at + c) / 4)[(at + c) % 4];
    return found;
}

vec3 seen_colour(int i, vec3 d) {
    int first = i * ((3 * bands + 3) / 4);
    vec3 sum = vec3(0.5) + 0.28209479177387814 * coefficient(first, 0);
    if (bands > 1) {
        sum += 0.4886025119029199 * (d.z * coefficient(first, 2) - d.y * coefficient(first, 1)
            - d.x * coefficient(first, 3));
    }
    float xx = d.x * d.x, yy = d.y * d.y, zz = d.z * d.z;
    if (bands > 4) {
        sum += 1.0925484305920792 * (d.x * d.y * coefficient(first, 4) - d.y * d.z * coefficient(first, 5)
            - d.x * d.z * coefficient(first, 7))
            + 0.31539156525252005 * (2.0 * zz - xx - yy) * coefficient(first, 6)
            + 0.5462742152960396 * (xx - yy) * coefficient(first, 8);
    }
    if (bands > 9) {
        sum += -0.5900435899266435 * (d.y * (3.0 * xx - yy) * coefficient(first, 9)
            + d.x * (xx - 3.0 * yy) * coefficient(first, 15))
            + 2.890611442640554 * d.x * d.y * d.z * coefficient(first, 10)
            - 0.4570457994644658 * (4.0 * zz - xx - yy)
            * (d.y * coefficient(first, 11) + d.x * coefficient(first, 13))
            + 0.3731763325901154 * d.z * (2.0 * zz - 3.0 * xx - 3.0 * yy) * coefficient(first, 12)
            + 1.445305721320277 * d.z * (xx - yy) * coefficient(first, 14);
    }
    return sum;
}

void main() {
    gl_Position = NOWHERE;
    int i = int(number);
    vec4 flags = texel(state, i);
    if (flags.r == 0.0) return;
    vec4 where = texel(geometry, GEOMETRY_TEXELS * i);
    vec3 p = vec3(dot(view[0], vec4(where.xyz, 1.0)), dot(view[1], vec4(where.xyz, 1.0)),
                  dot(view[2], vec4(where.xyz, 1.0)));
    if (!(p.z >= frame.z)) return;
    vec4 s = texel(geometry, GEOMETRY_TEXELS * i + 1);
    vec4 more = texel(geometry, GEOMETRY_TEXELS * i + 2);
    mat3 world = mat3(s.x, s.y, s.z, s.y, s.w, more.x, s.z, more.x, more.y);
    float inverse = 1.0 / p.z;
    vec2 slope = clamp(p.xy * inverse, slopes.xz, slopes.yw);
    vec3 across = lens.x * inverse * (view[0].xyz - slope.x * view[2].xyz);
    vec3 down = lens.y * inverse * (view[1].xyz - slope.y * view[2].xyz);
    vec3 along = world * across;
    float a = dot(across, along) + frame.w, b = dot(down, along), c = dot(down, world * down) + frame.w;
    float determinant = a * c - b * b;
    float opacity = 1.0 / (1.0 + exp(-where.w));
    if (!(determinant > 0.0) || !(opacity > 1.0 / 255.0)) return;
    peak = vec2(log2(opacity), p.z);
    vec2 reach = sqrt((peak.x - FAINTEST) * 2.0 / LOG2E * vec2(a, c));
    vec2 centre = lens.xy * p.xy * inverse + lens.zw;
    if (any(greaterThan(centre - reach, frame.xy)) || any(lessThan(centre + reach, vec2(0.0)))) return;
    conic = 0.5 * LOG2E / determinant * vec3(c, -2.0 * b, a);
    colour = flags.r * max(mix(seen_colour(i, normalize(where.xyz - eye)), tint.rgb, flags.g * tint.a), 0.0);
    away = reach * vec2(float(gl_VertexID & 1) * 2.0 - 1.0, float(gl_VertexID >> 1) * 2.0 - 1.0);
    // Rows of a picture go down; they are read from the lower edge up, so nothing is turned over here.
    gl_Position = vec4((centre + away) / frame.xy * 2.0 - 1.0, 0.0, 1.0);
}
""".replace("GEOMETRY_TEXELS", str(GEOMETRY_TEXELS))
    .replace("ROW", str(ROW))
    .lstrip()
)

SPLAT_FRAGMENT = """
#version 330 core
flat in vec3 conic;
flat in vec3 colour;
flat in vec2 peak;
in vec2 away;
layout(location = 0) out vec4 shade;
layout(location = 1) out vec4 depth;

void main() {
    float power = peak.x - (away.x * (conic.x * away.x + conic.y * away.y) + conic.z * away.y * away.y);
    if (power < -7.994353436858858) discard;
    float alpha = min(exp2(power), 0.99);
    shade = vec4(alpha * colour, alpha);
    depth = vec4(alpha * peak.y, 0.0, 0.0, alpha);
}
""".lstrip()

SCREEN_VERTEX = """
#version 330 core
void main() {
    gl_Position = vec4(float(gl_VertexID & 1) * 4.0 - 1.0, float(gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0);
}
""".lstrip()

SHADE_FRAGMENT = """
#version 330 core
uniform sampler2D shades;
out vec4 pixel;

void main() {
    vec4 drawn = texelFetch(shades, ivec2(gl_FragCoord.xy), 0);
    pixel = vec4(min(drawn.rgb, vec3(drawn.a)), drawn.a);
}
""".lstrip()

DEPTH_FRAGMENT = """
#version 330 core
uniform sampler2D shades;
uniform sampler2D depths;
uniform int step;
out vec4 depth;

void main() {
    ivec2 at = step * ivec2(gl_FragCoord.xy);
    float alpha = texelFetch(shades, at, 0).a;
    depth = vec4(alpha > 0.5 ? texelFetch(depths, at, 0).r / alpha : 0.0, 0.0, 0.0, 1.0);
}
""".lstrip()
