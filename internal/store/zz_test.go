package store_test
import ("testing";"fmt";"time";"github.com/collabpulse/weekly/internal/store";"github.com/collabpulse/weekly/internal/store/storetest";"github.com/collabpulse/weekly/internal/delivery")
func TestZZ(t *testing.T){
 storetest.Each(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
	for _,n:=range []int{200, 30000} {
		c.Advance(time.Hour)
		d := sending(t, s, c, n)
		t0:=time.Now(); var tc,ti,tr time.Duration; k:=0
		for {
			a:=time.Now(); items:=d.claim(256); tc+=time.Since(a); if len(items)==0 {break}
			for len(items)>0 { g:=items[:min(16,len(items))]; items=items[len(g):]
				a=time.Now(); d.intend(g); ti+=time.Since(a)
				a=time.Now(); d.record(g,accepted); tr+=time.Since(a); k+=len(g) }
			if time.Since(t0)>60*time.Second {break}
		}
		e:=time.Since(t0)
		fmt.Println(s.Engine(),n,k,"rows",e,int(float64(k)/e.Seconds()),"/s claim",tc,"intend",ti,"record",tr)
	}
 })
}
var _ = delivery.Outbox
