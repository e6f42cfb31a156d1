package web

import (
	"slices"
	"strings"
)

// zoneGroup is a part of the world, with its time zones as readers choose them.
type zoneGroup struct {
	Name  string
	Zones []zone
}

// zone is a time zone by its IANA name, and by the name of its city.
type zone struct{ Name, City string }

// zones are the time zones to choose from: at least one for every offset and every
// rule for summer time that is in use. A reader's own that is none of them is added.
var zones = []struct{ part, cities string }{
	{"Africa", "Abidjan Accra Addis_Ababa Algiers Cairo Casablanca Dakar Johannesburg Lagos Nairobi Tunis"},
	{"America", "Anchorage Argentina/Buenos_Aires Bogota Caracas Chicago Denver Halifax Havana Lima Los_Angeles Mexico_City Montevideo New_York Panama Phoenix Puerto_Rico Santiago Sao_Paulo St_Johns Toronto Vancouver"},
	{"Asia", "Almaty Amman Baghdad Baku Bangkok Beirut Colombo Dhaka Dubai Hong_Kong Jakarta Jerusalem Kabul Karachi Kathmandu Kolkata Kuala_Lumpur Manila Riyadh Seoul Shanghai Singapore Taipei Tashkent Tbilisi Tehran Tokyo Yangon Yerevan"},
	{"Atlantic", "Azores Cape_Verde Reykjavik"},
	{"Australia", "Adelaide Brisbane Darwin Hobart Melbourne Perth Sydney"},
	{"Europe", "Amsterdam Athens Belgrade Berlin Brussels Bucharest Budapest Copenhagen Dublin Helsinki Istanbul Kyiv Lisbon London Madrid Moscow Oslo Paris Prague Rome Sofia Stockholm Vienna Vilnius Warsaw Zurich"},
	{"Pacific", "Auckland Fiji Guam Honolulu Tongatapu"},
}

// zonesWith are the zones by part of the world, with the one named among them.
func zonesWith(own string) []zoneGroup {
	var groups []zoneGroup
	known := own == ""
	for _, z := range zones {
		g := zoneGroup{Name: z.part}
		for city := range strings.FieldsSeq(z.cities) {
			one := zoneNamed(z.part + "/" + city)
			known = known || one.Name == own
			g.Zones = append(g.Zones, one)
		}
		groups = append(groups, g)
	}
	if !known {
		groups = slices.Insert(groups, 0, zoneGroup{Name: "Yours", Zones: []zone{zoneNamed(own)}})
	}
	return groups
}

func zoneNamed(name string) zone {
	return zone{Name: name, City: strings.ReplaceAll(name[strings.LastIndexByte(name, '/')+1:], "_", " ")}
}
