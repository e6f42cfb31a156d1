package demo

import (
	"bytes"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
)

// Pictures are drawn, not shipped: a warm field, a low sun and a few pulses,
// different for each story and the same at each start.
const (
	pictureWidth  = 1200
	pictureHeight = 630
)

// palettes are background, far shape, near shape and line.
var palettes = [][4]color.RGBA{
	{{251, 240, 222, 255}, {240, 178, 122, 255}, {194, 49, 27, 255}, {66, 27, 18, 255}},
	{{233, 241, 238, 255}, {126, 176, 164, 255}, {27, 94, 92, 255}, {194, 49, 27, 255}},
	{{246, 232, 236, 255}, {221, 140, 160, 255}, {122, 38, 78, 255}, {250, 214, 165, 255}},
	{{236, 234, 247, 255}, {150, 148, 214, 255}, {52, 48, 116, 255}, {255, 160, 122, 255}},
	{{250, 244, 214, 255}, {231, 196, 84, 255}, {133, 88, 20, 255}, {160, 38, 20, 255}},
}

// picture draws a story's picture as PNG.
func picture(slug string) ([]byte, error) {
	h := fnv.New64a()
	h.Write([]byte(slug))
	r := rand.New(rand.NewPCG(h.Sum64(), 7))
	p := palettes[r.IntN(len(palettes))]
	img := image.NewPaletted(image.Rect(0, 0, pictureWidth, pictureHeight), color.Palette{p[0], p[1], p[2], p[3]})
	sun(img, r)
	for layer := range 3 {
		hills(img, r, uint8(1+layer%2), 0.45+0.17*float64(layer))
	}
	beat(img, r)
	var b bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img)
	return b.Bytes(), err
}

func sun(img *image.Paletted, r *rand.Rand) {
	cx, cy, radius := 200+r.IntN(800), 120+r.IntN(160), 70+r.IntN(90)
	for y := cy - radius; y <= cy+radius; y++ {
		for x := cx - radius; x <= cx+radius; x++ {
			if (x-cx)*(x-cx)+(y-cy)*(y-cy) <= radius*radius && image.Pt(x, y).In(img.Rect) {
				img.SetColorIndex(x, y, 3)
			}
		}
	}
}

// hills fills everything under a gentle line that begins at the given part of
// the height.
func hills(img *image.Paletted, r *rand.Rand, ink uint8, at float64) {
	a, b, phase := 20+r.Float64()*40, 200+r.Float64()*260, r.Float64()*6
	for x := range pictureWidth {
		top := int(at*pictureHeight + a*math.Sin(float64(x)/b+phase) + a/3*math.Sin(float64(x)/61+phase))
		for y := max(top, 0); y < pictureHeight; y++ {
			img.SetColorIndex(x, y, ink)
		}
	}
}

// beat draws the pulse: a row of bars that swell and fade.
func beat(img *image.Paletted, r *rand.Rand) {
	const bars, width, gap = 24, 14, 12
	left := 80 + r.IntN(pictureWidth-160-bars*(width+gap))
	base := 560
	for i := range bars {
		swell := math.Exp(-math.Pow(float64(i-bars/2)/5, 2))
		height := 18 + int(150*swell*(0.4+0.6*r.Float64()))
		for y := base - height; y < base; y++ {
			for x := range width {
				img.SetColorIndex(left+i*(width+gap)+x, y, 0)
			}
		}
	}
}
